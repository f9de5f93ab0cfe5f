import type { Sql } from '@vouchsafe/database';
import { forgetIdempotencyKeys } from '@vouchsafe/service-host';
import type { Identity } from '../identity.js';

const DAY_MS = 86_400_000;

/** How long what has done its service is kept, in days. */
export const keptDays = {
  /** A sign-up that nobody verified: the link is dead after two. */
  pendingSignUp: 7,
  /** Sessions, links, challenges and letters that have ended; enough to look into a complaint (P05). */
  ended: 30,
} as const;

/**
 * Removes what is no longer needed (P03, P18). What others must prove later stands in the audit log, not here.
 * @returns how many pending sign-ups were erased
 */
export async function keepHouse(identity: Identity): Promise<number> {
  const now = identity.now();
  await identity.database.asWorker((sql) => forgetIdempotencyKeys(sql, now));
  await identity.database.asRetention((sql) => removeEnded(sql, before(now, keptDays.ended), now));
  return erasePendingSignUps(identity, before(now, keptDays.pendingSignUp));
}

async function removeEnded(sql: Sql, ended: Date, now: Date): Promise<void> {
  await sql.query('delete from session where least(ended_at, expires_at) < $1', [ended]);
  await sql.query('delete from link_token where expires_at < $1', [ended]);
  await sql.query('delete from log_in_challenge where expires_at < $1', [ended]);
  await sql.query('delete from letter where sent_at < $1', [ended]);
  await sql.query('delete from letter_limit where window_ends_at < $1', [now]);
  await sql.query('delete from attempt_limit where window_ends_at < $1', [now]);
}

/** Whoever never verified the address may not even know of the sign-up: their data goes, with the key that seals it. */
async function erasePendingSignUps(identity: Identity, registered: Date): Promise<number> {
  const { database, vault } = identity;
  return database.asRetention(async (sql) => {
    const people = await sql.query<{ organization_id: string; user_id: string }>(
      `select organization_id, user_id from account
       where email_verified_at is null and registered_at < $1 order by registered_at limit 500`,
      [registered],
    );
    for (const { organization_id: organizationId, user_id: subjectId } of people) {
      await vault.destroySubject(sql, { organizationId, subjectId }, identity.now());
      for (const table of ['account', 'password', 'consent']) {
        await sql.query(`delete from ${table} where user_id = $1`, [subjectId]);
      }
      await sql.query('delete from link_token where subject_id = $1', [subjectId]);
      await sql.query('delete from letter where subject_id = $1', [subjectId]);
      await sql.query('delete from member where user_id = $1', [subjectId]);
      await sql.query('delete from organization where organization_id = $1', [organizationId]);
    }
    return people.length;
  });
}

function before(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY_MS);
}
