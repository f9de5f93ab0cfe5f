/**
 * @promise P03 (main) removes what has ended, unverified sign-ups and unused invitations by their age
 * @promise P18 removes what is no longer needed
 */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { retentionPolicies } from '@vouchsafe/contracts';
import { Database, type Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import { EventStore, follow, streamOf } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  destroying,
  destroyingAcross,
  Ids,
  LOGGER,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { erasureAggregate } from '../erasure/erasure.aggregate.js';
import { MailFolder } from '../email/mail-folder.js';
import { RetireUnusedAccounts } from '../unused-account/retire-unused-accounts.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** How many days records are kept after they have ended. */
const keptDays = {
  /** An unverified sign-up; its link expires after two days. */
  pendingSignUp: retentionPolicies['unverified-sign-ups'].period.days,
  /** An invitation that was not accepted, or was withdrawn, from the expiry of its link on. */
  unusedInvitation: retentionPolicies['unused-invitations'].period.days,
  /** Sessions, links, challenges and emails that have ended; enough to look into a complaint (P05). */
  ended: retentionPolicies['ended-sessions'].period.days,
} as const;

/** Removes what is no longer needed, hourly. */
@Injectable()
export class Housekeeping implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly mailFolder: MailFolder,
    private readonly unusedAccounts: RetireUnusedAccounts,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Expired data could not be removed; retrying');
    this.background.add(follow(() => this.keepHouse(), { idle: HOUR_MS, retry: HOUR_MS / 60, onError }));
  }

  /**
   * Removes what is no longer needed (P03, P18). What others must prove later stands in the audit log, not here.
   * @returns how many erasures of people who never came, or came no more, were begun
   */
  async keepHouse(): Promise<number> {
    const now = this.clock.now();
    await this.database.asRetention((sql) => removeEnded(sql, before(now, keptDays.ended), now));
    const emails = await destroyingAcross(this.database, (sql, held) =>
      sql.query<{ email_id: string }>(
        'delete from email where sent_at < $1 and organization_id <> all ($2::uuid[]) returning email_id',
        [before(now, keptDays.ended), held],
      ),
    );
    // A file whose row is gone would be found by no erasure any more.
    await this.mailFolder.removeEmails(emails.map(({ email_id }) => email_id));
    return (
      (await this.erasePendingSignUps(before(now, keptDays.pendingSignUp))) +
      (await this.eraseUnusedInvitations(before(now, keptDays.unusedInvitation))) +
      (await this.unusedAccounts.retire())
    );
  }

  /**
   * Whoever never verified the address may not even know of the sign-up: their data goes as that of anybody who asks for it, in every
   * service (P10). What identity alone has goes first, so that a pass that was cut off is made again; once the erasure is asked
   * for, the services' own work is waited for, not asked for anew.
   */
  private async erasePendingSignUps(registered: Date): Promise<number> {
    const { database } = this;
    const people = await database.asWorker((sql) =>
      sql.query<{ organization_id: OrganizationId; user_id: UserId }>(
        `select organization_id, user_id from account
         where email_verified_at is null and registered_at < $1
           and not exists (select from event where stream = $2 || user_id)
           and not exists (select from hold where held_organization_id = account.organization_id and released_at is null)
         order by registered_at limit 500`,
        [registered, streamOf(erasureAggregate, '')],
      ),
    );
    for (const { organization_id: organizationId, user_id: userId } of people) {
      await destroying(database, { organizations: [organizationId] }, async (sql) => {
        for (const table of ['password', 'consent', 'member'])
          await sql.query(`delete from ${table} where user_id = $1`, [userId]);
        await sql.query('delete from link_token where subject_id = $1', [userId]);
        await sql.query('delete from organization where organization_id = $1', [organizationId]);
      });
      await this.askForErasure(organizationId, userId);
    }
    return people.length;
  }

  /**
   * Whoever was invited and never joined has no account to be erased with; the invitation's id stands for the person, in every service
   * (P10). Its row goes last, so that a pass that was cut off is made again.
   */
  private async eraseUnusedInvitations(expired: Date): Promise<number> {
    const { database } = this;
    const invitations = await database.asRetention((sql) =>
      sql.query<{ organization_id: OrganizationId; invitation_id: string }>(
        `select organization_id, invitation_id from invitation
         where status <> 'accepted' and expires_at < $1
           and not exists (select from hold where held_organization_id = invitation.organization_id and released_at is null)
         order by expires_at limit 500`,
        [expired],
      ),
    );
    for (const { organization_id: organizationId, invitation_id: id } of invitations) {
      await this.askForErasure(organizationId, id as UserId);
      await destroying(database, { organizations: [organizationId], subjects: [id] }, (sql) =>
        sql.query('delete from invitation where invitation_id = $1', [id]),
      );
    }
    return invitations.length;
  }

  private async askForErasure(organizationId: OrganizationId, person: UserId): Promise<void> {
    const actor = { type: 'service', id: this.database.service } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    await this.store.transact(organizationId, envelope, (unit) =>
      unit.execute(erasureAggregate, person, {
        type: 'request',
        ...{ organizationId, userId: person, erasureId: this.ids.newId(), subjects: [person] },
      }),
    );
  }
}

/** Technical records: what was done stands in the events and in the log. */
async function removeEnded(sql: Sql, ended: Date, now: Date): Promise<void> {
  await sql.query('delete from session where least(ended_at, expires_at) < $1', [ended]);
  await sql.query('delete from link_token where expires_at < $1', [ended]);
  await sql.query('delete from log_in_challenge where expires_at < $1', [ended]);
  await sql.query('delete from email_limit where window_ends_at < $1', [now]);
  await sql.query('delete from attempt_limit where window_ends_at < $1', [now]);
}

function before(now: Date, days: number): Date {
  return new Date(now.getTime() - days * DAY_MS);
}
