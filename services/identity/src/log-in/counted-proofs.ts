/** @promise P32 counts an attempt before it looks at it, wherever somebody proves who they are */
import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '@vouchsafe/database';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { type Secret, Vault } from '@vouchsafe/vault';
import { findLink, type FoundLink, type LinkPurpose } from '../link-token.js';
import { principalOf } from '../request.js';
import type { LogInFailure } from '../session/session.events.js';
import { type Candidate, RecordFailure } from './record-failure.js';
import {
  type AttemptLimit,
  clearAttempts,
  linkLimits,
  sessionLimits,
  takeAttempt,
  type TakenAttempt,
} from './throttle.js';

interface Failed {
  readonly failure: LogInFailure;
}

type Limited<Whose> = Whose & { readonly limits: readonly AttemptLimit[] };

/**
 * Passwords, codes and links are guessed at log-in, within a session and by an email's link. Everywhere the attempt is taken first, and
 * committed; only then is there any work, so that beyond the limit no password is hashed, and the time of a 429 tells nothing of the guess
 * (ASVS 6.3.1, 6.3.8). What was proved is given back by the work itself, in the transaction of what it opens.
 */
@Injectable()
export class CountedProofs {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly recordFailure: RecordFailure,
  ) {}

  /**
   * @param whose finds out in a short transaction who it is; the attempt is taken in the same one
   * @param work proves it, and gives the attempt back where it is proved; a failure is recorded
   */
  async count<Result extends object | null>(
    caller: Caller,
    whose: (sql: Sql) => Promise<Limited<Omit<Candidate, 'attempt'>>>,
    work: (candidate: Candidate) => Promise<Result | Failed>,
  ): Promise<Result> {
    const candidate = await this.take(whose);
    const result = await work(candidate);
    if (!hasFailed(result)) return result;
    await this.recordFailure.record(caller, { ...candidate, reason: result.failure });
    throw problem('wrong-credentials');
  }

  /**
   * Within a session, which has its own attempts; a proof makes the failures before it forgotten.
   * @param hash the work that takes long, outside of the transaction, which would hold a connection for as long
   */
  async countInSession<Result extends object | null, Hashed>(
    caller: Caller,
    hash: () => Promise<Hashed>,
    work: (unit: UnitOfWork, hashed: Hashed) => Promise<Result | Failed>,
  ): Promise<Result> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    return this.count<Result>(
      caller,
      async (sql) => ({ organizationId, userId, limits: await sessionLimits(this.vault, sql, sessionId) }),
      async ({ attempt }) => {
        const hashed = await hash();
        return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
          const outcome = await work(unit, hashed);
          if (!hasFailed(outcome)) await clearAttempts(unit, attempt);
          return outcome;
        });
      },
    );
  }

  /**
   * By an email's link, which stands for itself until it is taken: whoever has one makes the service hash so many passwords and no more.
   * @throws the problem `gone` where nobody was given such a link
   */
  countLink(token: Secret, purpose: LinkPurpose): Promise<FoundLink & { readonly attempt: TakenAttempt }> {
    return this.take(async (sql) => {
      const found = await findLink(sql, token, purpose);
      if (!found) throw problem('gone');
      return { ...found, limits: await linkLimits(this.vault, sql, token) };
    });
  }

  private take<Whose>(
    whose: (sql: Sql) => Promise<Limited<Whose>>,
  ): Promise<Whose & { readonly attempt: TakenAttempt }> {
    return this.database.beforeOrganization(async (sql) => {
      const { limits, ...found } = await whose(sql);
      return { ...(found as Whose), attempt: await takeAttempt(sql, limits, this.clock.now()) };
    });
  }
}

function hasFailed(outcome: object | null): outcome is Failed {
  return outcome !== null && 'failure' in outcome;
}
