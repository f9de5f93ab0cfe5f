import { Injectable } from '@nestjs/common';
import { Database, instant, one, prepared } from '@vouchsafe/database';
import { isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { Clock, Ids, problem } from '@vouchsafe/service-host';
import { type Secret, Vault } from '@vouchsafe/vault';
import { sessionAggregate } from './session.aggregate.js';
import { newSecret, secretHash } from '../link-token.js';
import { Operator } from '../operator.js';
import { sealCell } from '../persistence/sealed-column.js';
import { dayOf, noteUse } from '../unused-account/note-use.js';
import type { SessionEndReason, SessionLevel } from './session.events.js';

export interface StartedSession {
  readonly sessionId: string;
  /** For the browser alone: only its hash is stored. */
  readonly secret: Secret;
  readonly expiresAt: Date;
}

export interface SessionStart {
  readonly userId: UserId;
  readonly level: SessionLevel;
  readonly awaitsDocuments: boolean;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
}

export interface LiveSession {
  readonly organizationId: OrganizationId;
  readonly sessionId: string;
  readonly userId: UserId;
  readonly level: SessionLevel;
  readonly awaitsDocuments: boolean;
  readonly authenticatedAt: Date;
  readonly role: string;
  readonly secondFactorRequired: boolean;
  readonly organizationInactive: boolean;
}

interface SessionRow {
  readonly organization_id: OrganizationId;
  readonly session_id: string;
  readonly user_id: UserId;
  readonly level: SessionLevel;
  readonly awaits_documents: boolean;
  readonly last_seen_at: string;
  readonly authenticated_at: string;
  readonly idle_expires_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
  readonly role: string;
  readonly second_factor_required: boolean;
  readonly organization_inactive: boolean;
}

/** A minute's precision is enough for the idle limit, and spares most requests a write. */
const SEEN_EVERY_MS = 60_000;

/** Asked for every request at the gateway: one statement, planned once a connection. */
const sessionLookUp = prepared('select * from lookup.session_and_organization($1)');

/** What happens to sessions, for whatever reason: they start, are looked up, proved again and end. */
@Injectable()
export class Sessions {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly operator: Operator,
  ) {}

  /** Always a new secret: nobody carries a session over a log-in (ASVS 7.2.4). */
  async start(unit: UnitOfWork, { awaitsDocuments, ...start }: SessionStart): Promise<StartedSession> {
    const organizationId = unit.organizationId as OrganizationId;
    const [sessionId, secret, at] = [this.ids.newId(), newSecret(), this.clock.now()];
    const { idle, absolute } = this.operator.sessionMinutes(organizationId);
    const expiresAt = plusMinutes(at, absolute);
    const result = await unit.execute(sessionAggregate, sessionId, {
      type: 'start',
      ...start,
      organizationId,
      sessionId,
      expiresAt,
    });
    if (isRejected(result)) throw new Error(`A new session was rejected: ${result.rejected}`);
    const cell = sessionCell(organizationId, start.userId, sessionId);
    await unit.query(
      prepared(`insert into session (organization_id, session_id, session_hash, user_id, level, awaits_documents, started_at, last_seen_at,
         authenticated_at, idle_expires_at, expires_at, source_ip_sealed, user_agent_sealed)
       values ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8, $9, $10, $11)`),
      [
        organizationId,
        sessionId,
        secretHash(secret),
        start.userId,
        start.level,
        awaitsDocuments,
        at,
        plusMinutes(at, idle),
        expiresAt,
        await sealCell(this.vault, unit, cell('source_ip_sealed'), start.sourceIp),
        await sealCell(this.vault, unit, cell('user_agent_sealed'), start.userAgent),
      ],
    );
    await noteUse(unit, start.userId, at);
    return { sessionId, secret, expiresAt };
  }

  /** The session behind a secret, if it lives; asked at every request, so a logged-out one is dead at once (ASVS 7.4.1). */
  async find(secret: Secret): Promise<LiveSession | null> {
    const at = this.clock.now();
    const [row] = await this.database.statement<SessionRow>('request', sessionLookUp, [secretHash(secret)]);
    if (!row) return null;
    if (row.ended_at !== null || instant(row.expires_at) <= at || instant(row.idle_expires_at) <= at)
      return null;
    if (at.getTime() - instant(row.last_seen_at).getTime() >= SEEN_EVERY_MS) await this.noteSeen(row, at);
    return {
      organizationId: row.organization_id,
      sessionId: row.session_id,
      userId: row.user_id,
      level: row.level,
      awaitsDocuments: row.awaits_documents,
      authenticatedAt: instant(row.authenticated_at),
      role: row.role,
      secondFactorRequired: this.operator.requiresSecondFactor(
        row.organization_id,
        row.second_factor_required,
      ),
      organizationInactive: row.organization_inactive,
    };
  }

  /**
   * Proved again, or by another factor; the level never sinks. The session goes on under a new secret: whoever holds a copy of the
   * old one has no part in what was proved (ASVS 7.2.4).
   */
  async elevate(unit: UnitOfWork, sessionId: string, level: SessionLevel): Promise<StartedSession> {
    const result = await unit.execute(sessionAggregate, sessionId, { type: 'elevate', level });
    // Ended meanwhile, by another request.
    if (isRejected(result)) throw problem('unauthenticated');
    const secret = newSecret();
    const { expires_at } = await one<{ expires_at: string }>(
      unit,
      'update session set session_hash = $2 where session_id = $1 returning expires_at',
      [sessionId, secretHash(secret)],
    );
    return { sessionId, secret, expiresAt: instant(expires_at) };
  }

  /** @returns false where it had ended already */
  async end(unit: UnitOfWork, sessionId: string, reason: SessionEndReason): Promise<boolean> {
    const result = await unit.execute(sessionAggregate, sessionId, { type: 'end', reason });
    return !isRejected(result);
  }

  /** Ends a person's live sessions, but for the one named (ASVS 7.4.2, 7.4.3). */
  async endAll(
    unit: UnitOfWork,
    userId: UserId,
    reason: SessionEndReason,
    except: string | null = null,
  ): Promise<void> {
    const rows = await unit.query<{ session_id: string }>(
      `select session_id from session
       where user_id = $1 and ended_at is null and expires_at > $2 and session_id is distinct from $3`,
      [userId, this.clock.now(), except],
    );
    for (const { session_id } of rows) await this.end(unit, session_id, reason);
  }

  private async noteSeen(row: SessionRow, at: Date): Promise<void> {
    const { idle } = this.operator.sessionMinutes(row.organization_id);
    await this.database.forOrganization(row.organization_id, async (sql) => {
      if (dayOf(instant(row.last_seen_at)) !== dayOf(at)) await noteUse(sql, row.user_id, at);
      await sql.query(
        'update session set last_seen_at = $2, idle_expires_at = $3 where session_id = $1 and last_seen_at < $2',
        [row.session_id, at, plusMinutes(at, idle)],
      );
    });
  }
}

export function sessionCell(organizationId: string, userId: string, sessionId: string) {
  return (column: 'source_ip_sealed' | 'user_agent_sealed') => ({
    scope: { organizationId, subjectId: userId },
    table: 'session',
    column,
    row: sessionId,
  });
}

function plusMinutes(at: Date, minutes: number): Date {
  return new Date(at.getTime() + minutes * 60_000);
}
