import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Clock, problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { newSecret, secretHash } from '../link-token.js';
import type { SessionLevel } from '../session/session.events.js';

export type ChallengeNext = 'totp' | 'enrol-second-factor' | 'accept-documents';

const MINUTES = 10;

/** A six-digit code has a million values: five guesses a log-in (ASVS 6.5.5, 6.3.1). */
const MOST_ATTEMPTS = 5;

export interface Challenge {
  /** Whoever has it goes on with the log-in: a credential like an email's token, stored as a hash, masked in logs (P22). */
  readonly challengeId: Secret;
  readonly organizationId: OrganizationId;
  readonly userId: UserId;
  /** What the person's address is found by, under which attempts are counted. */
  readonly emailHash: Buffer;
  readonly next: ChallengeNext;
  /** The restricted session that was begun beside it. */
  readonly sessionId: string | null;
  /** What has been proved so far. */
  readonly level: SessionLevel;
}

interface OpenedRow {
  readonly user_id: UserId;
  readonly email_hash: Buffer;
  readonly next: ChallengeNext;
  readonly session_id: string | null;
  readonly level: SessionLevel;
}

@Injectable()
export class Challenges {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async make(
    unit: UnitOfWork,
    userId: UserId,
    { next, level, sessionId }: { next: ChallengeNext; level: SessionLevel; sessionId?: string },
  ): Promise<Secret> {
    const challengeId = newSecret();
    await unit.query(
      `insert into log_in_challenge (organization_id, challenge_hash, user_id, next, session_id, level, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        unit.organizationId,
        secretHash(challengeId),
        userId,
        next,
        sessionId ?? null,
        level,
        new Date(this.clock.now().getTime() + MINUTES * 60_000),
      ],
    );
    return challengeId;
  }

  /**
   * Counts an attempt at a challenge before the answer is looked at, in a transaction of its own, so that no attempt goes
   * uncounted. There is none where the account went away between password and code.
   */
  async open(challengeId: Secret): Promise<Challenge> {
    const [found] = await this.database.beforeOrganization((sql) =>
      sql.query<{ organization_id: OrganizationId }>('select organization_id from lookup.challenge($1)', [
        secretHash(challengeId),
      ]),
    );
    if (!found) throw problem('gone', { detail: 'The log-in has expired or is complete: log in again' });
    const [row] = await this.database.forOrganization(found.organization_id, (sql) =>
      sql.query<OpenedRow>(
        `update log_in_challenge c set attempts = attempts + 1 from email_address e
         where challenge_hash = $1 and completed_at is null and expires_at > $2 and attempts < ${MOST_ATTEMPTS}
           and e.user_id = c.user_id
         returning c.user_id, e.email_hash, next, session_id, level`,
        [secretHash(challengeId), this.clock.now()],
      ),
    );
    if (!row) throw problem('gone', { detail: 'The log-in has expired or is complete: log in again' });
    return {
      challengeId,
      organizationId: found.organization_id,
      userId: row.user_id,
      emailHash: row.email_hash,
      next: row.next,
      sessionId: row.session_id,
      level: row.level,
    };
  }
}

/** Completes it: of any number of answers at once, one gets true. */
export async function completeChallenge(sql: Sql, challengeId: Secret, at: Date): Promise<boolean> {
  const completed = await sql.query(
    'update log_in_challenge set completed_at = $2 where challenge_hash = $1 and completed_at is null returning 1',
    [secretHash(challengeId), at],
  );
  return completed.length === 1;
}
