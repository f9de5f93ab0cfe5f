import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { ShownStripeKey } from './shown-stripe-key.js';
import { storedKey, type StoredKeyRejection } from './stored-key.js';

@Injectable()
export class ReadStripeKey {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
  ) {}

  async read(caller: Caller): Promise<ShownStripeKey | StoredKeyRejection> {
    const envelope = envelopeOf(caller, this.clock.now());
    return this.store.transact(organizationOf(caller), envelope, async (unit) => {
      const stored = await storedKey(this.vault, unit);
      return 'rejected' in stored ? stored : stored.shown;
    });
  }
}
