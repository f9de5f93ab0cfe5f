/** @promise P19 (main) a transaction serves one organization, under row-level security */
import type pg from 'pg';
import type { EntityManagers, EntitySchemas } from './entity-manager.js';
import type { SqlMigration } from './migrations.js';
import { connectionPool } from './pool.js';
import { type DatabaseRole, roleNames } from './roles.js';
import { type SessionLock, sessionLock, type SharedLocks, sharedLocks } from './session-lock.js';
import type { PreparedStatement, Transaction } from './sql.js';
import { inTransaction } from './transaction.js';

export interface DatabaseOptions {
  /** Service name; also the database's name and the prefix of its roles. */
  readonly service: string;
  /** `postgres://host:port/database` without credentials. */
  readonly url: string;
  /** Password of a role's login; asked once, at open. */
  readonly password: (role: DatabaseRole) => string;
  /** What its tables are mapped to (`defineEntity`): the registers of the service that are read and written as entities. */
  readonly entities?: EntitySchemas;
  /** Connections of each role's pool. */
  readonly poolSize?: number;
}

/** No request waits longer for one statement: a question too wide must not hold a connection that others need. */
const REQUEST_STATEMENT_MS = 20_000;

type Work<T> = (transaction: Transaction) => Promise<T>;

/** One service's database: a pool for each role, and transactions as the only way in. */
export class Database {
  /** Of transactions, which alone may write there. */
  private readonly connections = new Map<DatabaseRole, pg.Pool>();
  /** Of statements that are a transaction each. */
  private readonly loneConnections = new Map<DatabaseRole, pg.Pool>();
  /** Discovered once, when a transaction first asks; a process that never asks does not load MikroORM. */
  private mapped: Promise<EntityManagers> | undefined;

  constructor(private readonly options: DatabaseOptions) {}

  get service(): string {
    return this.options.service;
  }

  /**
   * Serves one organization: row-level security shows and takes its rows alone (P19). The setting is local to the
   * transaction, so a pooled connection never carries it on; every request's reads, too, run in one.
   */
  forOrganization<T>(organizationId: string, work: Work<T>): Promise<T> {
    return this.transaction('request', work, organizationId);
  }

  /** Before an organization is known: only the look-up functions answer, every table looks empty. */
  beforeOrganization<T>(work: Work<T>): Promise<T> {
    return this.transaction('request', work);
  }

  /** Follows cursors and works off due rows, across organizations. */
  asWorker<T>(work: Work<T>): Promise<T> {
    return this.transaction('worker', work);
  }

  /** Removes what retention or a purge must remove. */
  asRetention<T>(work: Work<T>): Promise<T> {
    return this.transaction('retention', work);
  }

  /** Changes the schema at run time: rebuilds of projections alone; everything else is a migration. */
  asMigrator<T>(
    work: (transaction: Transaction, roles: ReturnType<typeof roleNames>) => Promise<T>,
  ): Promise<T> {
    return this.transaction('migrator', (transaction) => work(transaction, roleNames(this.options.service)));
  }

  /**
   * Runs one statement as a transaction of its own: prepared, in a single round trip, past the unit of work. For writers on
   * hot paths; whoever needs an organization's view sets it inside the statement (docs/adr/0012).
   */
  async statement<Row extends object>(
    role: DatabaseRole,
    { name, text }: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const pool = opened(this.loneConnections, role, () => this.pool(role, { writesAlone: true }));
    return (await pool.query<Row>({ name, text, values: [...values] })).rows;
  }

  /** A lock among the processes of this service, on a connection of its own. */
  lock(name: string): SessionLock {
    return sessionLock(this.connectionString('worker'), name);
  }

  /** Locks that whoever wants one alone waits for, without a transaction. */
  shareLocks(names: readonly string[]): Promise<SharedLocks> {
    return sharedLocks(this.connectionString('worker'), names);
  }

  /** Brings the schema up to date, as its owner; safe to call from several processes at once. */
  async migrate(steps: readonly SqlMigration[]): Promise<void> {
    // Its table of steps is made outside of a transaction; where it opens one, it waits for `begin`.
    const pool = this.pool('migrator', { max: 2, writesAlone: true });
    // Loaded here, and MikroORM with it: who never migrates does without (docs/adr/0035).
    const { migrateDatabase } = await import('./migrations.js');
    await migrateDatabase(this.options.service, pool, steps);
  }

  async close(): Promise<void> {
    for (const pools of [this.connections, this.loneConnections]) {
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.end()));
    }
  }

  private transaction<T>(role: DatabaseRole, work: Work<T>, organizationId?: string): Promise<T> {
    const pool = opened(this.connections, role, () => this.pool(role, { writesAlone: false }));
    return inTransaction(pool, work, { organizationId, entityManagers: () => this.entityManagers() });
  }

  private entityManagers(): Promise<EntityManagers> {
    this.mapped ??= import('./entity-manager.js').then(({ entityManagers }) =>
      entityManagers(this.options.service, this.options.entities ?? []),
    );
    return this.mapped;
  }

  private pool(role: DatabaseRole, { writesAlone, max }: { writesAlone: boolean; max?: number }): pg.Pool {
    return connectionPool(this.connectionString(role), {
      max: max ?? this.options.poolSize ?? 8,
      ...(role === 'request' && { statementMs: REQUEST_STATEMENT_MS }),
      writesAlone,
    });
  }

  private connectionString(role: DatabaseRole): string {
    const url = new URL(this.options.url);
    url.username = roleNames(this.options.service)[role];
    url.password = this.options.password(role);
    return url.href;
  }
}

/** What a role has open already, or opens now. */
function opened<T>(all: Map<DatabaseRole, T>, role: DatabaseRole, open: () => T): T {
  const known = all.get(role);
  if (known !== undefined) return known;
  const fresh = open();
  all.set(role, fresh);
  return fresh;
}
