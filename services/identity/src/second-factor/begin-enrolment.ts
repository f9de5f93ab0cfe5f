import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  Ids,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { sealCell } from '../persistence/sealed-column.js';
import { principalOf } from '../request.js';
import { readAccount } from '../user/accounts.js';
import { assertMayEnrol, authenticatorCell } from './authenticators.js';
import { newTotpSecret, otpauthUri } from './totp.js';

export interface BegunEnrolment {
  readonly authenticatorId: string;
  /** Shown this once; a repetition of the request is answered without it (P22). */
  readonly secret?: string | undefined;
  readonly otpauthUri?: string | undefined;
}

@Injectable()
export class BeginEnrolment {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Makes an authenticator that counts from its first code on. */
  async begin(caller: Caller, key: string | undefined): Promise<BegunEnrolment> {
    const who = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const { organizationId, userId } = who;
    const once = { organizationId, caller, operation: 'authenticator.begin-totp', key, request: {}, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        await assertMayEnrol(unit, who);
        const { email } = await readAccount(this.vault, unit, userId);
        const authenticatorId = this.ids.newId();
        const shared = newTotpSecret();
        const cell = authenticatorCell(organizationId, userId, authenticatorId);
        // One enrolment at a time: what was begun before and never confirmed is void.
        await unit.query('delete from authenticator where user_id = $1 and enrolled_at is null', [userId]);
        await unit.query(
          `insert into authenticator (organization_id, authenticator_id, user_id, kind, secret_sealed, created_at)
           values ($1, $2, $3, 'totp', $4, $5)`,
          [organizationId, authenticatorId, userId, await sealCell(this.vault, unit, cell, shared), at],
        );
        const uri = otpauthUri(shared, 'Vouchsafe', email ?? userId);
        return { body: { authenticatorId, secret: shared, otpauthUri: uri }, keep: { authenticatorId } };
      }),
    );
  }
}
