/** @promise P10 removes what identity keeps beside sealed values */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { countRows, type Destroying, type PersonErasure, type PersonRemoval } from '@vouchsafe/service-host';
import { erasureAggregate } from './erasure.aggregate.js';
import { organizationAggregate } from '../organization/organization.aggregate.js';
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
 * What identity keeps of a person beside sealed values (P10): credentials, sessions, the claim on the email address. Consents
 * stay, without address and browser: that a person accepted a text, and when, must be shown later (P15).
 */
@Injectable()
export class RemovePerson implements PersonRemoval {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly membership: EndMembership,
  ) {}

  /** In a restored database the person is still a member; the erasure is requested again under the same id. */
  async recall(erasure: PersonErasure): Promise<void> {
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

  /** For the preview: rows that `remove` deletes, the account among them. */
  count({ userId, subjects }: Pick<PersonErasure, 'userId' | 'subjects'>): Promise<number> {
    const each = [
      ...tables.map((table) => `select 1 from ${table} where user_id = $1`),
      'select 1 from link_token where subject_id = any ($2::uuid[])',
    ];
    return countRows(this.database, each.join(' union all '), [userId, subjects]);
  }

  async remove({ userId, subjects }: PersonErasure, destroy: Destroying): Promise<void> {
    await destroy(async (sql) => {
      for (const table of tables) await sql.query(`delete from ${table} where user_id = $1`, [userId]);
      await sql.query('delete from link_token where subject_id = any ($1::uuid[])', [subjects]);
      await sql.query('update invitation set email_hash = null where invitation_id = any ($1::uuid[])', [
        subjects,
      ]);
    });
  }
}
