import type { Retained } from '@vouchsafe/contracts';
import type { Database, Sql } from '@vouchsafe/database';
import { instant } from '@vouchsafe/database';

interface AnyErasure {
  readonly erasureId: string;
  /** In whose log the receipt stands. */
  readonly organizationId: string;
  readonly requestedAt: Date;
}

/** The erasure of one person, as one service knows it. */
export interface PersonErasure extends AnyErasure {
  readonly of: 'person';
  readonly userId: string;
  /** Every organization under which a key of the person may be. */
  readonly organizations: readonly string[];
  /** Ids under which the person's values are sealed. */
  readonly subjects: readonly string[];
}

/** That of a whole organization; the receipt stands in the operator's log, for its own goes. */
export interface OrganizationErasure extends AnyErasure {
  readonly of: 'organization';
  readonly erasedOrganizationId: string;
}

export type Erasure = PersonErasure | OrganizationErasure;

/** Why a service gives no receipt. A `legal-hold` stops whatever is still to be destroyed; the others stand once the keys are. */
export const heldBecause = ['unreadable-messages', 'values-in-clear', 'legal-hold'] as const;
export type HeldBecause = (typeof heldBecause)[number];

/** How far this service is with an erasure. */
export interface Progress {
  readonly attempts: number;
  readonly keysDestroyed: number;
  readonly destroyedAt: Date | null;
  readonly effectiveFrom: Date | null;
  /** Of an organization: records found in each store at first. */
  readonly inventory: Readonly<Record<string, number>> | null;
  /** Of an organization: what stays at others. */
  readonly retained: readonly Retained[] | null;
}
export type InHand<Of extends Erasure = Erasure> = Of & Progress;

interface ErasureRow {
  readonly erasure_id: string;
  readonly organization_id: string;
  readonly user_id: string | null;
  readonly erased_organization_id: string | null;
  readonly organizations: readonly string[];
  readonly subjects: readonly string[];
  readonly requested_at: string;
  readonly attempts: number;
  readonly keys_destroyed: number;
  readonly destroyed_at: string | null;
  readonly effective_from: string | null;
  readonly inventory: Readonly<Record<string, number>> | null;
  readonly retained: readonly Retained[] | null;
}

/** Writes an erasure down; one that is known already stays as it is. */
export async function takeOn(sql: Sql, erasure: Erasure): Promise<void> {
  const { erasureId, organizationId, requestedAt } = erasure;
  const who =
    erasure.of === 'person'
      ? [erasure.userId, null, erasure.organizations, erasure.subjects]
      : [null, erasure.erasedOrganizationId, [erasure.erasedOrganizationId], []];
  await sql.query(
    `insert into erasure (erasure_id, organization_id, requested_at, due_at, user_id, erased_organization_id, organizations, subjects)
     values ($1, $2, $3, $3, $4, $5, $6, $7) on conflict do nothing`,
    [erasureId, organizationId, requestedAt, ...who],
  );
}

export async function erasureInHand(sql: Sql, erasureId: string): Promise<InHand | undefined> {
  const [row] = await sql.query<ErasureRow>('select * from erasure where erasure_id = $1', [erasureId]);
  return row && inHand(row);
}

/** Why an erasure does not go on, and which legal holds stop it. */
export interface Held {
  readonly because: HeldBecause;
  readonly holdIds?: readonly string[];
}

export async function noteHeld(database: Database, erasureId: string, held: Held | null): Promise<void> {
  await database.asWorker((sql) =>
    sql.query('update erasure set held_because = $2, held_by = $3 where erasure_id = $1', [
      ...[erasureId, held?.because ?? null],
      held?.holdIds ?? null,
    ]),
  );
}

/** No hold stops it any more; what else holds it up is found out anew. */
export async function noteNotHeld(database: Database, erasureId: string): Promise<void> {
  await database.asWorker((sql) =>
    sql.query(
      'update erasure set held_because = null, held_by = null where erasure_id = $1 and held_by is not null',
      [erasureId],
    ),
  );
}

/** Nobody else takes it up for so long, unless it is renewed: one whose process died is soon taken up. */
const LEASE_MS = 15_000;

export async function takeDue(
  sql: Sql,
  now: Date,
): Promise<(InHand & { readonly leasedUntil: Date }) | undefined> {
  const leasedUntil = leaseFrom(now);
  const [row] = await sql.query<ErasureRow>(
    `update erasure set due_at = $2, attempts = attempts + 1
     where erasure_id = (
       select erasure_id from erasure where receipt_at is null and due_at <= $1
       order by due_at limit 1 for update skip locked)
     returning *`,
    [now, leasedUntil],
  );
  return row && { ...inHand(row), leasedUntil };
}

/** @returns until when it is leased now; undefined where it was put off meanwhile, or became due */
export async function renewLease(
  sql: Sql,
  { erasureId }: Erasure,
  leasedUntil: Date,
  now: Date,
): Promise<Date | undefined> {
  const next = leaseFrom(now);
  const renewed = await sql.query(
    'update erasure set due_at = $3 where erasure_id = $1 and due_at = $2 and receipt_at is null returning 1',
    [erasureId, leasedUntil, next],
  );
  return renewed.length > 0 ? next : undefined;
}

function leaseFrom(now: Date): Date {
  return new Date(now.getTime() + LEASE_MS);
}

function inHand(row: ErasureRow): InHand {
  const of: Erasure =
    row.erased_organization_id === null
      ? {
          ...{ of: 'person', userId: row.user_id ?? '', ...shared(row) },
          ...{ organizations: row.organizations, subjects: row.subjects },
        }
      : { of: 'organization', erasedOrganizationId: row.erased_organization_id, ...shared(row) };
  return {
    ...of,
    attempts: row.attempts,
    keysDestroyed: row.keys_destroyed,
    destroyedAt: row.destroyed_at === null ? null : instant(row.destroyed_at),
    effectiveFrom: row.effective_from === null ? null : instant(row.effective_from),
    inventory: row.inventory,
    retained: row.retained,
  };
}

function shared(row: ErasureRow): AnyErasure {
  const { erasure_id: erasureId, organization_id: organizationId } = row;
  return { erasureId, organizationId, requestedAt: instant(row.requested_at) };
}
