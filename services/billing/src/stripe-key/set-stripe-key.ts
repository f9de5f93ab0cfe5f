import { Injectable } from '@nestjs/common';
import { stripeReads } from '@vouchsafe/contracts';
import { isRejected, type OrganizationId, userId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  envelopeOf,
  Ids,
  organizationOf,
  problem,
} from '@vouchsafe/service-host';
import { secret, type Secret, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed } from '../stripe/stripe-failure.js';
import { keyReads } from './key-reads.js';
import { keyRefusalOf } from './key-refusal.js';
import { sealKey } from './sealed-key.js';
import type { ShownStripeKey } from './shown-stripe-key.js';
import { stripeKeyAggregate } from './stripe-key.aggregate.js';
import { StripeKeyRow } from './stripe-key.entity.js';
import { takeCheck } from './take-check.js';
import { recordUse } from './use-stripe-key.js';

export const newStripeKey = z
  .strictObject({
    key: z
      .string()
      .regex(/^rk_(test|live)_[A-Za-z0-9_]{8,250}$/, 'must be a restricted key of Stripe (`rk_...`)')
      .transform(secret)
      .describe(
        'A restricted key of your Stripe account that may read the balance or payouts, and nothing else',
      ),
  })
  .meta({ id: 'NewStripeKey', examples: [{ key: 'rk_test_51PqExample' }] });
type NewStripeKey = z.output<typeof newStripeKey>;

export interface SetKeyRejection {
  readonly rejected: 'wrong-mode' | 'key-refused' | 'unavailable';
}

@Injectable()
export class SetStripeKey {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly stripe: StripeApi,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Takes the organization's key, in place of the one that it had. A recent proof of identity is asked for, as for API keys. */
  async set(caller: Caller, { key }: NewStripeKey): Promise<ShownStripeKey | SetKeyRejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    if (caller.actor.type !== 'user') throw problem('forbidden', { detail: 'Only a person can do this' });
    assertRecentlyAuthenticated(caller, at);
    if (key.reveal().startsWith('rk_live_') !== this.stripe.settings.livemode)
      return { rejected: 'wrong-mode' };
    await this.recordCheck(caller, organizationId, at);
    const refused = await this.check(organizationId, key);
    if (refused) return refused;
    const shown = {
      lastFour: key.reveal().slice(-4),
      setBy: userId.parse(caller.actor.id),
      setAt: at.toISOString(),
    };
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const { lastFour, setBy } = shown;
      const command = { type: 'set', organizationId, setBy, lastFour } as const;
      const set = await unit.execute(stripeKeyAggregate, organizationId, command);
      if (isRejected(set)) throw new Error('A Stripe key could not be set');
      const entityManager = await unit.entityManager();
      await entityManager.upsert(StripeKeyRow, {
        ...{ organizationId, ...shown },
        keySealed: await sealKey(this.vault, unit, { organizationId, version: set.version, ...shown }, key),
      });
      return shown;
    });
  }

  /** A check is a use of the key like any other: recorded and counted before Stripe is asked. */
  private recordCheck(caller: Caller, organizationId: OrganizationId, at: Date): Promise<void> {
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      await takeCheck(unit, organizationId, at);
      for (const read of stripeReads) await recordUse(unit, this.ids.newId(), { organizationId, read });
    });
  }

  /**
   * Whether Stripe lets it do anything that we would ask for. Whoever has a stolen key learns no more than that: not whether Stripe knows it, and
   * not by which of the reads it failed.
   */
  private async check(organizationId: OrganizationId, key: Secret): Promise<SetKeyRejection | null> {
    const answers = await Promise.all(
      stripeReads.map((read) =>
        this.stripe.readAs<object>(organizationId, key, (stripe, options) =>
          keyReads[read](stripe, { limit: 1 }, options),
        ),
      ),
    );
    const refusals = answers.map((answer) => (isFailed(answer) ? keyRefusalOf(answer).rejected : null));
    if (refusals.includes(null)) return null;
    return { rejected: refusals.includes('unavailable') ? 'unavailable' : 'key-refused' };
  }
}
