import { Controller } from '@nestjs/common';
import { type DataOf, facts, serviceNames } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Holds } from '../hold/holds.js';

const confirmations = serviceNames.map((name) => facts[name].holdConfirmed);

/** Every service confirms a hold and its end by a fact of its own, this one too. */
@Controller()
export class HoldsController {
  constructor(private readonly holds: Holds) {}

  @ReactsTo(confirmations, { permission: 'holds:write' })
  async note(
    { source, data }: Received<DataOf<(typeof confirmations)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { holdId, step, confirmedAt } = data;
    await this.holds.noteConfirmation(transaction, holdId, { step, service: source, confirmedAt });
  }
}
