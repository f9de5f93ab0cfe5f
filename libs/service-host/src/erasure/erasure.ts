import type { Retained } from '@vouchsafe/contracts';
import type { Sql } from '@vouchsafe/database';
import { instant } from '@vouchsafe/database';

/** The erasure of one person, as one service knows it. */
export interface Erasure {
  readonly erasureId: string;
  readonly organizationId: string;
  readonly userId: string;
  /** Every organization under which a key of the person may be. */
  readonly organizations: readonly string[];
  /** Ids under which the person's values are sealed. */
  readonly subjects: readonly string[];
  readonly requestedAt: Date;
}

/**
 * What a service removes for an erasure besides its keys: rows, files and hashes by which a person can be found without a key. Every
 * method must be safe to repeat: it is called again after the process was killed.
 */
export interface PersonRemoval {
  /** Called before the service answers requests, for an erasure that a restored database does not know. */
  recall?(erasure: Erasure): Promise<void>;
  /** What can only be done while the person's values still open. */
  beforeKeys?(erasure: Erasure): Promise<void>;
  /**
   * Removes what no key covers. It runs when the keys are destroyed, and again when no process has them in memory any more, for what
   * was written in between. Throws while something of the person cannot be removed yet.
   */
  remove(erasure: Erasure): Promise<void>;
  /** What stays of the person all the same, because it must be kept: the receipt says so. */
  retained?(erasure: Erasure): Promise<readonly Retained[]>;
}

/** Why a service gives no receipt though it has destroyed its keys. */
export const heldBecause = ['unreadable-messages', 'values-in-clear'] as const;
export type HeldBecause = (typeof heldBecause)[number];

/** An erasure with how far this service is. */
export interface ErasureInHand extends Erasure {
  readonly attempts: number;
  readonly keysDestroyed: number;
  readonly destroyedAt: Date | null;
  readonly effectiveFrom: Date | null;
}

interface ErasureRow {
  readonly erasure_id: string;
  readonly organization_id: string;
  readonly user_id: string;
  readonly organizations: readonly string[];
  readonly subjects: readonly string[];
  readonly requested_at: string;
  readonly attempts: number;
  readonly keys_destroyed: number;
  readonly destroyed_at: string | null;
  readonly effective_from: string | null;
}

/** The ids of those whose keys this service has destroyed. */
export async function carriedOutErasures(sql: Sql): Promise<ReadonlySet<string>> {
  const rows = await sql.query<{ erasure_id: string }>(
    'select erasure_id from erasure where destroyed_at is not null',
  );
  return new Set(rows.map(({ erasure_id }) => erasure_id));
}

/** Writes an erasure down; one that is known already stays as it is. */
export async function takeOn(sql: Sql, erasure: Erasure): Promise<void> {
  await sql.query(
    `insert into erasure (erasure_id, organization_id, user_id, organizations, subjects, requested_at, due_at)
     values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing`,
    [
      erasure.erasureId,
      erasure.organizationId,
      erasure.userId,
      erasure.organizations,
      erasure.subjects,
      erasure.requestedAt,
    ],
  );
}

export async function erasureInHand(sql: Sql, erasureId: string): Promise<ErasureInHand | undefined> {
  const [row] = await sql.query<ErasureRow>('select * from erasure where erasure_id = $1', [erasureId]);
  return row && inHand(row);
}

/** Nobody else takes it up for so long: one whose process died is soon taken up, and every step may be repeated, even at once. */
const LEASE_SECONDS = 15;

export async function takeDue(sql: Sql, now: Date): Promise<ErasureInHand | undefined> {
  const [row] = await sql.query<ErasureRow>(
    `update erasure set due_at = $1::timestamptz + make_interval(secs => ${LEASE_SECONDS}), attempts = attempts + 1
     where erasure_id = (
       select erasure_id from erasure where receipt_at is null and due_at <= $1
       order by due_at limit 1 for update skip locked)
     returning *`,
    [now],
  );
  return row && inHand(row);
}

function inHand(row: ErasureRow): ErasureInHand {
  return {
    erasureId: row.erasure_id,
    organizationId: row.organization_id,
    userId: row.user_id,
    organizations: row.organizations,
    subjects: row.subjects,
    requestedAt: instant(row.requested_at),
    attempts: row.attempts,
    keysDestroyed: row.keys_destroyed,
    destroyedAt: row.destroyed_at === null ? null : instant(row.destroyed_at),
    effectiveFrom: row.effective_from === null ? null : instant(row.effective_from),
  };
}
