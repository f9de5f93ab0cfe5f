import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, problem } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { principalOf } from '../request.js';
import type { LogInFailure } from '../session/session.events.js';
import { RecordFailure } from './record-failure.js';
import { clearAttempts, sessionLimits, takeAttempt } from './throttle.js';

interface Failed {
  readonly failure: LogInFailure;
}

/** Codes and passwords are guessed within a session as well as at log-in: a session has so many attempts (ASVS 6.3.1). */
@Injectable()
export class CountedProofs {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly recordFailure: RecordFailure,
  ) {}

  /** Counts an attempt, and then checks the proof; a correct one clears the count, a wrong one is recorded. */
  async count<Result extends object | null>(
    caller: Caller,
    work: (unit: UnitOfWork) => Promise<Result | Failed>,
  ): Promise<Result> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    const attempt = await this.database.beforeOrganization(async (sql) =>
      takeAttempt(sql, await sessionLimits(this.vault, sql, sessionId), this.clock.now()),
    );
    const envelope = envelopeOf(caller, this.clock.now());
    const result = await this.store.transact(organizationId, envelope, async (unit) => {
      const outcome = await work(unit);
      if (!hasFailed(outcome)) await clearAttempts(unit, attempt);
      return outcome;
    });
    if (!hasFailed(result)) return result;
    await this.recordFailure.record(caller, { organizationId, userId, attempt, reason: result.failure });
    throw problem('wrong-credentials');
  }
}

function hasFailed(outcome: object | null): outcome is Failed {
  return outcome !== null && 'failure' in outcome;
}
