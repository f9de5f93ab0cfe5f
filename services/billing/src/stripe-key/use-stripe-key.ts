/** @promise P09 records every use of a customer's Stripe key in the organization's log */
import { Injectable } from '@nestjs/common';
import type { StripeRead } from '@vouchsafe/contracts';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, Ids, organizationOf } from '@vouchsafe/service-host';
import { type Secret, Vault } from '@vouchsafe/vault';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { type AnswerOf, keyReads, type PageOfStripe, type Read } from './key-reads.js';
import { type KeyRefusal, keyRefusalOf } from './key-refusal.js';
import { storedKey, type StoredKeyRejection } from './stored-key.js';
import { stripeKeyUseAggregate } from './stripe-key-use.aggregate.js';

export type UseKeyRejection = StoredKeyRejection | KeyRefusal;

/** Reads at Stripe by the organization's own key. */
@Injectable()
export class UseStripeKey {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** What is asked is what is recorded: one of `keyReads`. */
  async read<Name extends StripeRead>(
    caller: Caller,
    name: Name,
    page: PageOfStripe = {},
  ): Promise<AnswerOf<Name> | UseKeyRejection> {
    const opened = await this.open(caller, name);
    if ('rejected' in opened) return opened;
    const ask: Read<AnswerOf<Name>> = keyReads[name];
    const answer = await this.stripe.readAs(organizationOf(caller), opened.key, (stripe, options) =>
      ask(stripe, page, options),
    );
    return isFailed(answer) ? keyRefusalOf(answer) : answer;
  }

  /** The use is committed before Stripe is asked: the key is not used unrecorded, whatever happens then. */
  private open(caller: Caller, read: StripeRead): Promise<{ readonly key: Secret } | StoredKeyRejection> {
    const organizationId = organizationOf(caller);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const stored = await storedKey(this.vault, unit);
      if ('rejected' in stored) return stored;
      await recordUse(unit, this.ids.newId(), { organizationId, read });
      return { key: stored.key };
    });
  }
}

export async function recordUse(
  unit: UnitOfWork,
  useId: string,
  use: { readonly organizationId: OrganizationId; readonly read: StripeRead },
): Promise<void> {
  const recorded = await unit.execute(stripeKeyUseAggregate, useId, use);
  if (isRejected(recorded)) throw new Error('The id of a use was taken');
}
