import { BaseRpcContext } from '@nestjs/microservices';
import type { Transaction } from '@vouchsafe/database';

/** Second argument of a reaction's method. */
export class ReactionContext extends BaseRpcContext<[Transaction]> {
  /** Of the consumer's own database; effects in it are committed with the facts' numbers. */
  get transaction(): Transaction {
    return this.getArgs()[0];
  }
}
