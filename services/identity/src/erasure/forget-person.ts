/** @promise P10 removes what identity keeps beside sealed values */
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { Erasure, Forgetting } from '@vouchsafe/service-host';
import { addressOf } from '../email-address.js';
import type { Identity } from '../identity.js';
import { removeLetters, removeLettersTo } from '../letter/mail-folder.js';
import { endAccess } from '../member/members.js';

/**
 * What identity keeps of a person beside sealed values (P10): credentials, sessions, the claim on the email address, letters. Consents
 * stay, without where they came from: that somebody accepted a text, and when, must be shown later (P15).
 */
export function forgetPerson(identity: Identity): Forgetting {
  const { database, vault, mailFolder } = identity;
  return {
    recall: (erasure) => recall(identity, erasure),
    beforeKeys: async ({ organizationId, userId }) => {
      if (mailFolder === null) return;
      const address = await database.forOrganization(organizationId, (sql) =>
        addressOf(vault, sql, { organizationId, userId }),
      );
      if (address !== null) await removeLettersTo(mailFolder, address);
    },
    forget: async ({ organizations, userId, subjects }) => {
      const letters = await database.asRetention(async (sql) => {
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
      if (mailFolder !== null)
        await removeLetters(
          mailFolder,
          letters.map(({ letter_id }) => letter_id),
        );
      await database.asWorker((sql) =>
        sql.query('delete from idempotency_key where organization_id = any ($1::uuid[]) and actor = $2', [
          organizations,
          `user:${userId}`,
        ]),
      );
    },
  };
}

const tables = [
  'password',
  'authenticator',
  'recovery_code',
  'email_address',
  'session',
  'log_in_challenge',
  'account',
] as const;

/** A restored database holds the person as a member still; the erasure is asked for again, under its id. */
async function recall(identity: Identity, erasure: Erasure): Promise<void> {
  const { erasureId, subjects, requestedAt } = erasure;
  const [organizationId, userId] = [erasure.organizationId as OrganizationId, erasure.userId as UserId];
  const { store, aggregates, database } = identity;
  const actor = { type: 'service', id: database.service } as const;
  await store.transact(organizationId, { actor, occurredAt: requestedAt, requestId: null }, async (unit) => {
    const { state } = await unit.load(aggregates.erasure, userId);
    if (state.status !== 'absent') return;
    // Rejected where the person is no member, or was the only owner then: access ends in either case.
    await unit.execute(aggregates.organization, organizationId, {
      type: 'remove-member',
      userId,
      by: userId,
    });
    await endAccess(identity, unit, userId);
    await unit.execute(aggregates.erasure, userId, {
      type: 'request',
      organizationId,
      userId,
      erasureId,
      subjects,
    });
  });
}
