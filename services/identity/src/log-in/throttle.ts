/** @promise P32 (main) limits attempts by account and network, so that passwords and codes cannot be guessed */
import { retentionPolicies } from '@vouchsafe/contracts';
import { instant, one, prepared, type Sql } from '@vouchsafe/database';
import { addressGroup, type Caller, tooManyUntil } from '@vouchsafe/service-host';
import type { Secret, Vault } from '@vouchsafe/vault';
import { secretHash } from '../link-token.js';
import { storedNames } from '../stored-names.js';

/** Attempts within a window that begins with the first (ASVS 6.3.1; NIST SP 800-63B-4 section 3.2.2). */
const WINDOW_MINUTES = retentionPolicies['log-in-attempts'].period.minutes;
const most = {
  /** At one account from one network: an attacker who uses them up does not lock out the owner elsewhere. */
  fromOneNetwork: 10,
  /** At one account from everywhere: many networks together get no further than this (NIST's bound). */
  inAll: 100,
  /** Within a session, which has its own, so that outsiders cannot keep an owner from proving who they are. */
  inSession: 10,
  /** By one link: passwords that were not good enough, and whoever still has a link that is used up or has expired. */
  byLink: 10,
} as const;

export interface AttemptLimit {
  /** A keyed hash. */
  readonly key: Buffer;
  readonly most: number;
}

/** Attempts that are counted until they turn out to be correct. */
export interface TakenAttempt {
  readonly keys: readonly Buffer[];
  /** No further attempt is allowed within the window. */
  readonly stops: boolean;
}

/**
 * What an account's address may be tried, known or not. Passwords and codes count alike, so a stolen password does not open the
 * way to guessing codes.
 */
export async function logInLimits(
  vault: Vault,
  sql: Sql,
  emailHash: Buffer,
  { sourceIp }: Pick<Caller, 'sourceIp'>,
): Promise<readonly AttemptLimit[]> {
  const account = emailHash.toString('base64url');
  const network = sourceIp === null ? 'unknown' : addressGroup(sourceIp);
  return [
    { key: await keyOf(vault, sql, `${account} ${network}`), most: most.fromOneNetwork },
    { key: await keyOf(vault, sql, account), most: most.inAll },
  ];
}

export async function sessionLimits(
  vault: Vault,
  sql: Sql,
  sessionId: string,
): Promise<readonly AttemptLimit[]> {
  return [{ key: await keyOf(vault, sql, `session ${sessionId}`), most: most.inSession }];
}

export async function linkLimits(vault: Vault, sql: Sql, token: Secret): Promise<readonly AttemptLimit[]> {
  const link = secretHash(token).toString('base64url');
  return [{ key: await keyOf(vault, sql, `link ${link}`), most: most.byLink }];
}

/**
 * Counts an attempt before it is checked, in a transaction of its own: of any number at once, no more than the limit are checked.
 * A successful one is given back, or clears the count, afterwards.
 * @throws the problem `too-many-requests` beyond a limit
 */
export async function takeAttempt(
  sql: Sql,
  limits: readonly AttemptLimit[],
  at: Date,
): Promise<TakenAttempt> {
  const ends = new Date(at.getTime() + WINDOW_MINUTES * 60_000);
  let stops = false;
  for (const limit of limits) {
    const { attempts, window_ends_at } = await one<{ attempts: number; window_ends_at: string }>(
      sql,
      prepared('select * from lookup.take_attempt($1, $2, $3)'),
      [limit.key, at, ends],
    );
    if (attempts > limit.most) throw tooManyUntil(instant(window_ends_at), at);
    stops ||= attempts === limit.most;
  }
  return { keys: limits.map(({ key }) => key), stops };
}

/** A correct answer that does not complete the log-in: the failures before it still count. */
export async function giveBackAttempt(sql: Sql, { keys }: Pick<TakenAttempt, 'keys'>): Promise<void> {
  await sql.query('select lookup.give_back_attempt(key) from unnest($1::bytea[]) as key', [keys]);
}

/** The person has proved who they are: the failures before were their own. */
export async function clearAttempts(sql: Sql, { keys }: Pick<TakenAttempt, 'keys'>): Promise<void> {
  await sql.query(prepared('select lookup.forget_attempts(key) from unnest($1::bytea[]) as key'), [keys]);
}

function keyOf(vault: Vault, sql: Sql, whose: string): Promise<Buffer> {
  return vault.keyedHash(sql, storedNames.attempts, whose);
}
