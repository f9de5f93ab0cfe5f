/**
 * @promise P03 (main) removes what has ended, unverified sign-ups and unused invitations by their age
 * @promise P18 removes what is no longer needed
 */
import type { Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import { streamOf } from '@vouchsafe/event-store';
import type { Identity } from '../identity.js';
import { removeLetters } from '../letter/mail-folder.js';

const DAY_MS = 86_400_000;

/** How long what has done its service is kept, in days. */
export const keptDays = {
  /** A sign-up that nobody verified: the link is dead after two. */
  pendingSignUp: 7,
  /** An invitation that nobody accepted, or that was withdrawn, from the end of its link on. */
  unusedInvitation: 7,
  /** Sessions, links, challenges and letters that have ended; enough to look into a complaint (P05). */
  ended: 30,
} as const;

/**
 * Removes what is no longer needed (P03, P18). What others must prove later stands in the audit log, not here.
 * @returns how many people who never came were erased
 */
export async function keepHouse(identity: Identity): Promise<number> {
  const now = identity.now();
  const letters = await identity.database.asRetention((sql) =>
    removeEnded(sql, before(now, keptDays.ended), now),
  );
  // A file whose row is gone would be found by no erasure any more.
  if (identity.mailFolder !== null) await removeLetters(identity.mailFolder, letters);
  return (
    (await erasePendingSignUps(identity, before(now, keptDays.pendingSignUp))) +
    (await eraseUnusedInvitations(identity, before(now, keptDays.unusedInvitation)))
  );
}

/** @returns the ids of the letters that are no longer known */
async function removeEnded(sql: Sql, ended: Date, now: Date): Promise<string[]> {
  await sql.query('delete from session where least(ended_at, expires_at) < $1', [ended]);
  await sql.query('delete from link_token where expires_at < $1', [ended]);
  await sql.query('delete from log_in_challenge where expires_at < $1', [ended]);
  await sql.query('delete from letter_limit where window_ends_at < $1', [now]);
  await sql.query('delete from attempt_limit where window_ends_at < $1', [now]);
  const letters = await sql.query<{ letter_id: string }>(
    'delete from letter where sent_at < $1 returning letter_id',
    [ended],
  );
  return letters.map(({ letter_id }) => letter_id);
}

/**
 * Whoever never verified the address may not even know of the sign-up: their data goes as that of anybody who asks for it, in every
 * service (P10). What identity alone has goes first, so that a pass that was cut off is made again; once the erasure is asked
 * for, the services' own work is waited for, not asked for anew.
 */
async function erasePendingSignUps(identity: Identity, registered: Date): Promise<number> {
  const { database, aggregates } = identity;
  const people = await database.asWorker((sql) =>
    sql.query<{ organization_id: OrganizationId; user_id: UserId }>(
      `select organization_id, user_id from account
       where email_verified_at is null and registered_at < $1
         and not exists (select from event where stream = $2 || user_id)
       order by registered_at limit 500`,
      [registered, streamOf(aggregates.erasure, '')],
    ),
  );
  for (const { organization_id: organizationId, user_id: userId } of people) {
    await database.asRetention(async (sql) => {
      for (const table of ['password', 'consent', 'member'])
        await sql.query(`delete from ${table} where user_id = $1`, [userId]);
      await sql.query('delete from link_token where subject_id = $1', [userId]);
      await sql.query('delete from organization where organization_id = $1', [organizationId]);
    });
    await askForErasure(identity, organizationId, userId);
  }
  return people.length;
}

/**
 * Whoever was invited and never joined has no account to be erased with; the invitation's id stands for the person, in every service
 * (P10). Its row goes last, so that a pass that was cut off is made again.
 */
async function eraseUnusedInvitations(identity: Identity, expired: Date): Promise<number> {
  const invitations = await identity.database.asRetention((sql) =>
    sql.query<{ organization_id: OrganizationId; invitation_id: string }>(
      `select organization_id, invitation_id from invitation
       where status <> 'accepted' and expires_at < $1 order by expires_at limit 500`,
      [expired],
    ),
  );
  for (const { organization_id: organizationId, invitation_id: id } of invitations) {
    await askForErasure(identity, organizationId, id as UserId);
    await identity.database.asRetention((sql) =>
      sql.query('delete from invitation where invitation_id = $1', [id]),
    );
  }
  return invitations.length;
}

async function askForErasure(
  { database, store, aggregates, newId, now }: Identity,
  organizationId: OrganizationId,
  person: UserId,
): Promise<void> {
  const actor = { type: 'service', id: database.service } as const;
  await store.transact(organizationId, { actor, occurredAt: now(), requestId: null }, (unit) =>
    unit.execute(aggregates.erasure, person, {
      type: 'request',
      ...{ organizationId, userId: person, erasureId: newId(), subjects: [person] },
    }),
  );
}

function before(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY_MS);
}
