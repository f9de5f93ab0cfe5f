/** @promise P31 nothing that a legal hold covers is destroyed, whichever path it comes by */
import type { Database, Sql, Transaction } from '@vouchsafe/database';
import { type Destruction, holdsCovering } from './holds.js';

/** A legal hold stops what was about to be destroyed. Nothing of the transaction is done. */
export class HeldError extends Error {
  override readonly name = 'HeldError';

  constructor(readonly holdIds: readonly string[]) {
    super(`Stopped by ${holdIds.length === 1 ? 'the legal hold' : 'the legal holds'} ${holdIds.join(', ')}`);
  }
}

type Work<T> = (sql: Transaction) => Promise<T>;

/** How a store destroys: the port knows what it asks the holds for. @throws HeldError */
export interface Destroying {
  /** In one transaction, as `retention`. */
  <T>(work: Work<T>): Promise<T>;
  /** At somebody else's, or files: no transaction is open meanwhile, and no hold is confirmed before the work has ended. */
  readonly outside: <T>(work: WorkOutside<T>) => Promise<T>;
}
/** @param lost aborted when a hold may be confirmed all the same: the work looks at it between two objects */
type WorkOutside<T> = (lost: AbortSignal) => Promise<T>;
export type Destroy = (database: Database, destruction: Destruction) => Destroying;

export function askingHolds(database: Database, destruction: Destruction): Destroying {
  return Object.assign(<T>(work: Work<T>) => destroying(database, destruction, work), {
    outside: <T>(work: WorkOutside<T>) => destroyingOutside(database, destruction, work),
  });
}

/** For what was carried out already, and is repeated on a restored database whatever is held since then. */
export function withoutAsking(database: Database): Destroying {
  return Object.assign(<T>(work: Work<T>) => database.asRetention(work), {
    outside: <T>(work: WorkOutside<T>) => work(new AbortController().signal),
  });
}

/**
 * Destroys what no hold covers, in one transaction as `retention`: whoever places a hold waits for those that did not see it
 * (`passAllDestroying`). So either the hold is seen here, or this is committed before the hold is confirmed.
 * @throws HeldError
 */
export function destroying<T>(
  database: Database,
  destruction: Destruction,
  work: (sql: Transaction) => Promise<T>,
): Promise<T> {
  return database.asRetention(async (sql) => {
    await refuseHeld(sql, destruction);
    return work(sql);
  });
}

async function destroyingOutside<T>(
  database: Database,
  destruction: Destruction,
  work: WorkOutside<T>,
): Promise<T> {
  const locks = await database.shareLocks([...new Set(destruction.organizations)].sort().map(lockOf));
  try {
    const holds = await database.asRetention((sql) => holdsCovering(sql, destruction));
    if (holds.length > 0) throw new HeldError(holds);
    locks.lost.throwIfAborted();
    return await work(locks.lost);
  } finally {
    await locks.release();
  }
}

/** The same within a transaction that does more than destroy. Ask before anything is written. @throws HeldError */
export async function refuseHeld(sql: Sql, destruction: Destruction): Promise<void> {
  for (const organizationId of [...new Set(destruction.organizations)].sort())
    await share(sql, organizationId);
  // A statement of its own: one that waited for the lock would not see what was committed meanwhile.
  const holds = await holdsCovering(sql, destruction);
  if (holds.length > 0) throw new HeldError(holds);
}

/** For a pass over every organization, as `retention`: the work leaves out those that have any hold. */
export function destroyingAcross<T>(
  database: Database,
  work: (sql: Transaction, heldOrganizations: readonly string[]) => Promise<T>,
): Promise<T> {
  return database.asRetention(async (sql) => {
    await share(sql, ACROSS);
    const rows = await sql.query<{ id: string }>(
      'select distinct held_organization_id as id from hold where released_at is null',
    );
    return work(
      sql,
      rows.map(({ id }) => id),
    );
  });
}

/**
 * Whether every transaction has ended that may destroy something of the organization and began before the hold was there. It never
 * queues for the lock: whoever destroys would then wait behind it.
 */
export async function passAllDestroying(database: Database, organizationId: string): Promise<boolean> {
  return database.asWorker(async (sql) => {
    for (const name of [ACROSS, organizationId]) {
      const [lock] = await sql.query<{ taken: boolean }>(
        'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken',
        [lockOf(name)],
      );
      if (!lock?.taken) return false;
    }
    return true;
  });
}

const ACROSS = 'every organization';

async function share(sql: Sql, name: string): Promise<void> {
  await sql.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [lockOf(name)]);
}

/** @param name an organization's id, or `ACROSS` */
function lockOf(name: string): string {
  return `hold ${name}`;
}
