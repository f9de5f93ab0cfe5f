import { Injectable } from '@nestjs/common';
import { one, prepared } from '@vouchsafe/database';
import type { UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { Consents } from '../consent/consents.js';
import { Operator } from '../operator.js';
import type { SessionLevel } from '../session/session.events.js';
import { Sessions, type StartedSession } from '../session/sessions.js';
import { type ChallengeNext, Challenges } from './challenges.js';
import { clearAttempts, type TakenAttempt } from './throttle.js';

/** How a log-in goes on: with a session, with a question, or with a session that can do nothing but answer the question. */
export type LogInOutcome = { readonly organizationId: string; readonly userId: string } & (
  | { readonly session: StartedSession; readonly next: null; readonly secondFactor: boolean }
  | { readonly session: StartedSession | null; readonly next: ChallengeNext; readonly challengeId: Secret }
);

export interface Proved {
  readonly userId: UserId;
  readonly level: SessionLevel;
  readonly attempt: TakenAttempt;
}

interface Standing {
  readonly second_factor_required: boolean;
  readonly locked_out: boolean;
}

/**
 * A password that is too short alone needs a second factor, whoever has dropped it (ASVS 6.2.1). An organization that has ended is its
 * owners' alone (P31).
 */
const standingOf =
  prepared(`select second_factor_required or exists (select from password where user_id = $2 and not good_alone)
      as second_factor_required,
    inactive_since is not null and not exists (select from member where user_id = $2 and role = 'owner') as locked_out
  from organization where organization_id = $1`);

@Injectable()
export class BeginSession {
  constructor(
    private readonly operator: Operator,
    private readonly consents: Consents,
    private readonly challenges: Challenges,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Starts a session for a person who has proved who they are. Where something is outstanding, the session can do nothing but
   * that, and a challenge says what it is.
   */
  async begin(unit: UnitOfWork, caller: Caller, { userId, level, attempt }: Proved): Promise<LogInOutcome> {
    const { organizationId } = unit;
    const { sourceIp, userAgent } = caller;
    const [{ second_factor_required: byOrganization, locked_out: lockedOut }, outstanding] =
      await Promise.all([
        one<Standing>(unit, standingOf, [organizationId, userId]),
        this.consents.outstanding(unit, userId),
      ]);
    if (lockedOut) throw problem('organization-inactive');
    const mustEnrol =
      level === 'single-factor' && this.operator.requiresSecondFactor(organizationId, byOrganization);
    const awaitsDocuments = outstanding.length > 0;
    // The browser that logs in anew gives up the session that it had (ASVS 7.2.4).
    if (caller.sessionId !== null && caller.organizationId === organizationId) {
      await this.sessions.end(unit, caller.sessionId, 'replaced');
    }
    const session = await this.sessions.start(unit, { userId, level, awaitsDocuments, sourceIp, userAgent });
    await clearAttempts(unit, attempt);
    if (!mustEnrol && !awaitsDocuments) {
      return { organizationId, userId, session, next: null, secondFactor: level === 'two-factor' };
    }
    const next = mustEnrol ? 'enrol-second-factor' : 'accept-documents';
    const { sessionId } = session;
    const challengeId = await this.challenges.make(unit, userId, { next, level, sessionId });
    return { organizationId, userId, session, next, challengeId };
  }
}
