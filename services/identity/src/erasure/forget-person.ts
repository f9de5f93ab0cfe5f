/** @promise P10 removes what identity keeps beside sealed values */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import type { Erasure, Forgetting } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { erasureAggregate } from './erasure.aggregate.js';
import { organizationAggregate } from '../organization/organization.aggregate.js';
import { addressOf } from '../email-address.js';
import { MailFolder } from '../letter/mail-folder.js';
import { EndMembership } from '../member/end-membership.js';

const tables = [
  'password',
  'authenticator',
  'recovery_code',
  'email_address',
  'session',
  'log_in_challenge',
  'account',
] as const;

/**
 * What identity keeps of a person beside sealed values (P10): credentials, sessions, the claim on the email address, letters. Consents
 * stay, without where they came from: that somebody accepted a text, and when, must be shown later (P15).
 */
@Injectable()
export class ForgetPerson implements Forgetting {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly mailFolder: MailFolder,
    private readonly membership: EndMembership,
  ) {}

  /** A restored database holds the person as a member still; the erasure is asked for again, under its id. */
  async recall(erasure: Erasure): Promise<void> {
    const { erasureId, subjects, requestedAt } = erasure;
    const [organizationId, userId] = [erasure.organizationId as OrganizationId, erasure.userId as UserId];
    const { store, database } = this;
    const actor = { type: 'service', id: database.service } as const;
    await store.transact(
      organizationId,
      { actor, occurredAt: requestedAt, requestId: null },
      async (unit) => {
        const { state } = await unit.load(erasureAggregate, userId);
        if (state.status !== 'absent') return;
        // Rejected where the person is no member, or was the only owner then: access ends in either case.
        await unit.execute(organizationAggregate, organizationId, {
          type: 'remove-member',
          userId,
          by: userId,
        });
        await this.membership.endAccess(unit, userId);
        await unit.execute(erasureAggregate, userId, {
          type: 'request',
          organizationId,
          userId,
          erasureId,
          subjects,
        });
      },
    );
  }

  async beforeKeys({ organizationId, userId }: Erasure): Promise<void> {
    await this.mailFolder.removeLettersTo(() =>
      this.database.forOrganization(organizationId, (sql) =>
        addressOf(this.vault, sql, { organizationId, userId }),
      ),
    );
  }

  async forget({ organizations, userId, subjects }: Erasure): Promise<void> {
    const letters = await this.database.asRetention(async (sql) => {
      for (const table of tables) await sql.query(`delete from ${table} where user_id = $1`, [userId]);
      await sql.query('delete from link_token where subject_id = any ($1::uuid[])', [subjects]);
      await sql.query('update invitation set email_hash = null where invitation_id = any ($1::uuid[])', [
        subjects,
      ]);
      return sql.query<{ letter_id: string }>(
        'delete from letter where subject_id = any ($1::uuid[]) returning letter_id',
        [subjects],
      );
    });
    await this.mailFolder.removeLetters(letters.map(({ letter_id }) => letter_id));
    await this.database.asWorker((sql) =>
      sql.query('delete from idempotency_key where organization_id = any ($1::uuid[]) and actor = $2', [
        organizations,
        `user:${userId}`,
      ]),
    );
  }
}
