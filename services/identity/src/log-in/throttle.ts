import { instant, one, type Sql } from '@vouchsafe/database';
import { problem } from '@vouchsafe/service-host';

/** Failures of one e-mail address, in a window that begins with the first (ASVS 6.3.1; NIST SP 800-63B-4 section 3.2.2). */
const MOST_FAILURES = 10;
const WINDOW_MINUTES = 15;

/**
 * Refuses further attempts for an address, known or not, after too many failures: passwords and codes count alike, so a stolen
 * password does not open the way to guessing codes.
 */
export async function assertNotThrottled(sql: Sql, emailHash: Buffer, at: Date): Promise<void> {
  const [row] = await sql.query<{ failures: number; window_ends_at: string }>(
    'select * from lookup.log_in_failures($1, $2)',
    [emailHash, at],
  );
  if (!row || row.failures < MOST_FAILURES) return;
  const seconds = Math.ceil((instant(row.window_ends_at).getTime() - at.getTime()) / 1000);
  throw problem('too-many-requests', { headers: { 'retry-after': String(Math.max(seconds, 1)) } });
}

/** @returns whether it was the one that stops further attempts */
export async function countFailure(sql: Sql, emailHash: Buffer, at: Date): Promise<boolean> {
  const ends = new Date(at.getTime() + WINDOW_MINUTES * 60_000);
  const { failures } = await one<{ failures: number }>(
    sql,
    'select lookup.count_log_in_failure($1, $2, $3) as failures',
    [emailHash, at, ends],
  );
  return failures === MOST_FAILURES;
}

export async function forgetFailures(sql: Sql, emailHash: Buffer): Promise<void> {
  await sql.query('select lookup.forget_log_in_failures($1)', [emailHash]);
}
