import type { Database, SqlMigration, Transaction } from '@vouchsafe/database';
import type { DomainEvent, EventCatalog } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { progressOf, readNextPage } from './cursor.js';
import { applyTo, type Handlers } from './inline-projection.js';
import { readRows } from './recorded-event.js';
import { type Follower, follow, type Pace } from './follower.js';

/** A read model that follows the events by cursor, a moment behind them. */
export interface FollowingProjection<Event extends DomainEvent> {
  /** Also the schema that holds its tables: `projection_<name>`. */
  readonly name: string;
  /** All catalogs of the service: an event type that none of them knows stops the projection. */
  readonly catalogs: readonly EventCatalog[];
  /**
   * Its tables with policies and grants, under unqualified names: the same text makes the live tables and, for a
   * rebuild, the ones beside them.
   */
  readonly tables: SqlMigration['sql'];
  /** SQL under unqualified names, so that it fills whichever of the two is being filled. */
  readonly on: Handlers<Event>;
}

export interface ProjectionRunner extends Follower {
  progress(): Promise<{ readonly position: bigint; readonly lagSeconds: number }>;
}

const PAGE = 500;

export function projectionMigration<Event extends DomainEvent>(
  projection: FollowingProjection<Event>,
): SqlMigration {
  return {
    name: `projection-${projection.name}`,
    sql: (roles) => `
      create schema ${liveSchema(projection)};
      grant usage on schema ${liveSchema(projection)} to ${roles.request}, ${roles.worker};
      set local search_path = ${liveSchema(projection)}, public;
      ${projection.tables(roles)};
      set local search_path = public;`,
  };
}

/**
 * Keeps a projection up to date. On an event that it cannot apply it stops there, says so (`stoppedBecause`), and tries
 * again: it never skips (ARCHITECTURE.md, rule 5).
 */
export function startProjection<Event extends DomainEvent>(
  { database, vault }: { readonly database: Database; readonly vault: Vault },
  projection: FollowingProjection<Event>,
  pace?: Pace,
): ProjectionRunner {
  const cursor = cursorName(projection);
  const follower = follow(
    () =>
      database.asWorker((transaction) =>
        applyPage(transaction, vault, projection, liveSchema(projection), cursor),
      ),
    pace,
  );
  return { ...follower, progress: () => database.asWorker((transaction) => progressOf(transaction, cursor)) };
}

/**
 * Fills the projection's tables anew beside the live ones, from the first event on, and swaps them when it has caught
 * up: readers see the old rows until the moment they see the new ones.
 */
export async function rebuildProjection<Event extends DomainEvent>(
  { database, vault }: { readonly database: Database; readonly vault: Vault },
  projection: FollowingProjection<Event>,
): Promise<void> {
  const [live, beside] = [liveSchema(projection), `${liveSchema(projection)}_rebuild`];
  const besideCursor = `${cursorName(projection)}-rebuild`;
  await database.asMigrator(async (transaction, roles) => {
    await transaction.query(`drop schema if exists ${beside} cascade`);
    await transaction.query(`create schema ${beside}`);
    await transaction.query(`grant usage on schema ${beside} to ${roles.request}, ${roles.worker}`);
    await transaction.query(`set local search_path = ${beside}, public`);
    for (const statement of statementsOf(projection.tables(roles))) await transaction.query(statement);
  });
  const apply = (): Promise<number> =>
    database.asWorker((transaction) => applyPage(transaction, vault, projection, beside, besideCursor));
  await database.asWorker((transaction) =>
    transaction.query('delete from cursor where name = $1', [besideCursor]),
  );
  while ((await apply()) > 0);
  await database.asMigrator(async (transaction) => {
    // The live runner takes the same lock for each page, so nothing is applied between the two renames.
    await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [live]);
    await transaction.query(`drop schema ${live} cascade`);
    await transaction.query(`alter schema ${beside} rename to ${live}`);
    // The live cursor goes with the live tables; it may never have been there.
    await transaction.query('delete from cursor where name = $1', [cursorName(projection)]);
    await transaction.query('update cursor set name = $1 where name = $2', [
      cursorName(projection),
      besideCursor,
    ]);
  });
}

function liveSchema({ name }: { readonly name: string }): string {
  if (!/^[a-z][a-z_]{0,30}$/.test(name)) throw new Error(`Not a projection's name: ${name}`);
  return `projection_${name}`;
}

function cursorName({ name }: { readonly name: string }): string {
  return `projection-${name}`;
}

async function applyPage<Event extends DomainEvent>(
  transaction: Transaction,
  vault: Vault,
  projection: FollowingProjection<Event>,
  schema: string,
  cursor: string,
): Promise<number> {
  await transaction.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [
    liveSchema(projection),
  ]);
  await transaction.query(`set local search_path = ${schema}, public`);
  const rows = await readNextPage(transaction, cursor, PAGE);
  const known = new Map(
    projection.catalogs.flatMap((catalog) =>
      Object.keys(catalog.definitions).map((type) => [type, catalog] as const),
    ),
  );
  const catalogOf = (type: string): EventCatalog => {
    const catalog = known.get(type);
    if (!catalog) throw new Error(`No catalog of projection ${projection.name} knows ${type}`);
    return catalog;
  };
  // Every type must be known, those without a handler too: an unknown one stops the projection (ARCHITECTURE.md, rule 5).
  for (const { type } of rows) catalogOf(type);
  const concerned = rows.filter(({ type }) => Object.hasOwn(projection.on, type));
  const events = await readRows<Event>(transaction, vault, catalogOf, concerned);
  await applyTo(projection.on, transaction, events, vault);
  return rows.length;
}

/** A bound statement runs alone, so a script is run one statement at a time. */
function statementsOf(script: string): string[] {
  return script
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
