/** @promise P09 opens the sealed secrets of authenticator apps */
import { prepared, type Sql } from '@vouchsafe/database';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { problem } from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import { openCell } from '../persistence/sealed-column.js';
import type { Principal } from '../request.js';
import type { LogInFailure } from '../session/session.events.js';
import { matchingStep } from './totp.js';

export type CodeCheck = 'taken' | 'wrong' | 'used';

interface AuthenticatorRow {
  readonly authenticator_id: string;
  readonly organization_id: string;
  readonly secret_sealed: string;
}

/**
 * Checks a code against a person's authenticators and takes its time step. The step is taken by one conditional update, so of any
 * number of log-ins with the same code at the same time one succeeds (ASVS 6.5.1).
 */
export async function takeTotpCode(
  sql: Sql,
  vault: Vault,
  who: { readonly userId: string; readonly authenticatorId?: string },
  code: string,
  at: Date,
): Promise<CodeCheck> {
  const rows = await sql.query<AuthenticatorRow>(
    `select authenticator_id, organization_id, secret_sealed from authenticator
     where user_id = $1 and case when $2::uuid is null then enrolled_at is not null else authenticator_id = $2 end`,
    [who.userId, who.authenticatorId ?? null],
  );
  let outcome: CodeCheck = 'wrong';
  for (const row of rows) {
    const secret = await openCell(
      vault,
      sql,
      authenticatorCell(row.organization_id, who.userId, row.authenticator_id),
      row.secret_sealed,
    );
    const step = secret === null ? null : matchingStep(secret, code, at);
    if (step === null) continue;
    const taken = await sql.query(
      'update authenticator set last_step = $2, last_used_at = $3 where authenticator_id = $1 and last_step < $2 returning 1',
      [row.authenticator_id, step, at],
    );
    if (taken.length === 1) return 'taken';
    outcome = 'used';
  }
  return outcome;
}

/** Why a code was not taken. */
export function failureOf(check: Exclude<CodeCheck, 'taken'>): { readonly failure: LogInFailure } {
  return { failure: check === 'used' ? 'used-code' : 'wrong-code' };
}

export async function hasSecondFactor(sql: Sql, userId: string): Promise<boolean> {
  const rows = await sql.query(
    prepared('select 1 from authenticator where user_id = $1 and enrolled_at is not null limit 1'),
    [userId],
  );
  return rows.length === 1;
}

/** A person who has a second factor must have proved it in this session: a stolen password never adds another one (ASVS 6.3.4, 7.5.1). */
export async function assertMayEnrol(unit: UnitOfWork, { userId, sessionId }: Principal): Promise<void> {
  if (!(await hasSecondFactor(unit, userId))) return;
  const [session] = await unit.query<{ level: string }>('select level from session where session_id = $1', [
    sessionId,
  ]);
  if (session?.level !== 'two-factor') throw problem('second-factor-required');
}

export function authenticatorCell(organizationId: string, userId: string, authenticatorId: string) {
  return {
    scope: { organizationId, subjectId: userId },
    table: 'authenticator',
    column: 'secret_sealed',
    row: authenticatorId,
  };
}
