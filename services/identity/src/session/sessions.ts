/** @promise P13 (main) staff sessions need a second factor, and are short */
import { instant, one, prepared, type Sql } from '@vouchsafe/database';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import type { Identity } from '../identity.js';
import { newSecret, secretHash } from '../link-token.js';
import { sealCell } from '../persistence/sealed-column.js';
import type { SessionEndReason, SessionLevel } from './session.events.js';

/** Minutes without a request, and minutes in all (ASVS 7.3.1, 7.3.2; NIST SP 800-63B-4 section 2.2.3; staff: P13). */
const limits = {
  customer: { idle: 60, absolute: 24 * 60 },
  staff: { idle: 15, absolute: 12 * 60 },
} as const;

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

/** Always a new secret: nobody carries a session over a log-in (ASVS 7.2.4). */
export async function startSession(
  identity: Identity,
  unit: UnitOfWork,
  { awaitsDocuments, ...start }: SessionStart,
): Promise<StartedSession> {
  const organizationId = unit.organizationId as OrganizationId;
  const [sessionId, secret, at] = [identity.newId(), newSecret(), identity.now()];
  const { idle, absolute } = limitsOf(identity, organizationId);
  const expiresAt = plusMinutes(at, absolute);
  const result = await unit.execute(identity.aggregates.session, sessionId, {
    type: 'start',
    ...start,
    organizationId,
    sessionId,
    expiresAt,
  });
  if ('rejected' in result) throw new Error(`A new session was rejected: ${result.rejected}`);
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
      await sealCell(identity.vault, unit, cell('source_ip_sealed'), start.sourceIp),
      await sealCell(identity.vault, unit, cell('user_agent_sealed'), start.userAgent),
    ],
  );
  return { sessionId, secret, expiresAt };
}

/** Ends a person's live sessions, but for the one named (ASVS 7.4.2, 7.4.3). */
export async function endSessions(
  identity: Identity,
  unit: UnitOfWork,
  userId: UserId,
  reason: SessionEndReason,
  except: string | null = null,
): Promise<void> {
  const rows = await unit.query<{ session_id: string }>(
    `select session_id from session
     where user_id = $1 and ended_at is null and expires_at > $2 and session_id is distinct from $3`,
    [userId, identity.now(), except],
  );
  for (const { session_id } of rows) await endSession(identity, unit, session_id, reason);
}

/** @returns false where it had ended already */
export async function endSession(
  identity: Identity,
  unit: UnitOfWork,
  sessionId: string,
  reason: SessionEndReason,
): Promise<boolean> {
  const result = await unit.execute(identity.aggregates.session, sessionId, { type: 'end', reason });
  return !('rejected' in result);
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
}

/** A minute's precision is enough for the idle limit, and spares most requests a write. */
const SEEN_EVERY_MS = 60_000;

/** Asked for every request at the gateway: one statement, planned once a connection. */
const sessionLookUp = prepared('select * from lookup.session($1)');

/** The session behind a secret, if it lives; asked at every request, so a logged-out one is dead at once (ASVS 7.4.1). */
export async function findLiveSession(identity: Identity, secret: Secret): Promise<LiveSession | null> {
  const at = identity.now();
  const [row] = await identity.database.statement<SessionRow>('request', sessionLookUp, [secretHash(secret)]);
  if (!row) return null;
  if (row.ended_at !== null || instant(row.expires_at) <= at || instant(row.idle_expires_at) <= at)
    return null;
  if (at.getTime() - instant(row.last_seen_at).getTime() >= SEEN_EVERY_MS) await noteSeen(identity, row, at);
  return {
    organizationId: row.organization_id,
    sessionId: row.session_id,
    userId: row.user_id,
    level: row.level,
    awaitsDocuments: row.awaits_documents,
    authenticatedAt: instant(row.authenticated_at),
    role: row.role,
    secondFactorRequired: secondFactorRequired(identity, row.organization_id, row.second_factor_required),
  };
}

/** Staff always (P13), and the members of an organization that says so. */
export function secondFactorRequired(
  { operatorOrganizationId }: Identity,
  organizationId: string,
  byOrganization: boolean,
): boolean {
  return byOrganization || organizationId === operatorOrganizationId;
}

/**
 * Proved again, or by another factor; the level never sinks. The session goes on under a new secret: whoever holds a copy of the
 * old one has no part in what was proved (ASVS 7.2.4).
 */
export async function elevateSession(
  identity: Identity,
  unit: UnitOfWork,
  sessionId: string,
  level: SessionLevel,
): Promise<StartedSession> {
  const result = await unit.execute(identity.aggregates.session, sessionId, { type: 'elevate', level });
  // Ended meanwhile, by another request.
  if ('rejected' in result) throw problem('unauthenticated');
  const secret = newSecret();
  const { expires_at } = await one<{ expires_at: string }>(
    unit,
    'update session set session_hash = $2 where session_id = $1 returning expires_at',
    [sessionId, secretHash(secret)],
  );
  return { sessionId, secret, expiresAt: instant(expires_at) };
}

export function sessionCell(organizationId: string, userId: string, sessionId: string) {
  return (column: 'source_ip_sealed' | 'user_agent_sealed') => ({
    scope: { organizationId, subjectId: userId },
    table: 'session',
    column,
    row: sessionId,
  });
}

async function noteSeen(identity: Identity, row: SessionRow, at: Date): Promise<void> {
  const { idle } = limitsOf(identity, row.organization_id);
  await identity.database.forOrganization(row.organization_id, (sql: Sql) =>
    sql.query(
      'update session set last_seen_at = $2, idle_expires_at = $3 where session_id = $1 and last_seen_at < $2',
      [row.session_id, at, plusMinutes(at, idle)],
    ),
  );
}

function limitsOf({ operatorOrganizationId }: Identity, organizationId: string) {
  return organizationId === operatorOrganizationId ? limits.staff : limits.customer;
}

function plusMinutes(at: Date, minutes: number): Date {
  return new Date(at.getTime() + minutes * 60_000);
}
