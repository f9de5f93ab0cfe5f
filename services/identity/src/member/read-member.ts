import { Injectable } from '@nestjs/common';
import type { UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { organizationVersion } from '../organization/versioned-organization.js';
import { readAccount } from '../user/accounts.js';
import { type MemberView, viewOf } from './list-members.js';

@Injectable()
export class ReadMember {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
  ) {}

  read(caller: Caller, id: UserId): Promise<{ readonly version: number; readonly member: MemberView }> {
    const envelope = envelopeOf(caller, this.clock.now());
    return this.store.transact(organizationOf(caller), envelope, async (unit) => {
      // In this order: a version that is older than what is shown is refused at worst.
      const [version, account] = await Promise.all([
        organizationVersion(unit),
        readAccount(this.vault, unit, id),
      ]);
      return { version, member: viewOf(account) };
    });
  }
}
