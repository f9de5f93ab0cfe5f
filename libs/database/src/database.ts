import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { CompiledQuery, type Kysely } from 'kysely';
import pg from 'pg';
import { type SqlMigration, toMikroOrmMigrations } from './migrations.js';
import { type DatabaseRole, roleNames } from './roles.js';
import { type SessionLock, sessionLock } from './session-lock.js';
import type { Transaction } from './sql.js';

export interface DatabaseOptions {
  /** Service name; also the database's name and the prefix of its roles. */
  readonly service: string;
  /** `postgres://host:port/database` without credentials. */
  readonly url: string;
  /** Password of a role's login; asked once, at open. */
  readonly password: (role: DatabaseRole) => string;
  /** Read models of the service (`defineEntity`). */
  readonly entities?: Options['entities'];
  /** Connections of each role's pool. */
  readonly poolSize?: number;
}

/** A statement that is a transaction of its own. */
export interface PreparedStatement {
  /** Unique in the service: each connection prepares it once under this name. */
  readonly name: string;
  readonly text: string;
}

type Work<T> = (transaction: Transaction) => Promise<T>;

/** One service's database: a pool for each role, and transactions as the only way in. */
export class Database {
  private readonly pools = new Map<DatabaseRole, Promise<MikroORM>>();
  private readonly statementPools = new Map<DatabaseRole, pg.Pool>();

  constructor(private readonly options: DatabaseOptions) {}

  get service(): string {
    return this.options.service;
  }

  /**
   * Serves one organization: row-level security shows and takes its rows alone (P19). The setting is local to the
   * transaction, so a pooled connection never carries it on; every request's reads, too, run in one.
   */
  forOrganization<T>(organizationId: string, work: Work<T>): Promise<T> {
    return this.transaction('request', work, { 'vouchsafe.organization_id': organizationId });
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
   * hot paths; whoever needs an organization's view sets it inside the statement (docs/adr/0009).
   */
  async statement<Row extends object>(
    role: DatabaseRole,
    { name, text }: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    return (await this.statementPool(role).query<Row>({ name, text, values: [...values] })).rows;
  }

  /** A lock among the processes of this service, on a connection of its own. */
  lock(name: string): SessionLock {
    return sessionLock(this.connectionString('worker'), name);
  }

  /** Brings the schema up to date, as its owner; safe to call from several processes at once. */
  async migrate(steps: readonly SqlMigration[]): Promise<void> {
    const orm = await this.open('migrator', {
      extensions: [Migrator],
      migrations: {
        migrationsList: toMikroOrmMigrations(steps, roleNames(this.options.service)),
        tableName: 'schema_migration',
        snapshot: false,
        silent: true,
        transactional: true,
        allOrNothing: true,
      },
      pool: { min: 0, max: 2 },
    });
    try {
      // The lock's connection is the transaction's; the migrator runs on the pool's second one.
      await orm.em.transactional(async (em) => {
        await em.execute('select pg_advisory_xact_lock(7046029254386353131)');
        await orm.migrator.up();
      });
    } finally {
      await orm.close();
    }
  }

  async close(): Promise<void> {
    const pools = await Promise.allSettled(this.pools.values());
    for (const pool of pools) if (pool.status === 'fulfilled') await pool.value.close();
    this.pools.clear();
    for (const pool of this.statementPools.values()) await pool.end();
    this.statementPools.clear();
  }

  private async transaction<T>(
    role: DatabaseRole,
    work: Work<T>,
    variables?: Record<string, string>,
  ): Promise<T> {
    const orm = await this.pool(role);
    const callbacks: (() => void)[] = [];
    // Without this, a call made while another transaction is open would join it: its role, its organization.
    const em = orm.em.fork({ disableContextResolution: true });
    if (variables) em.setSessionContext({ variables });
    const result = await em.transactional(async (inner) => {
      const kysely = inner.getTransactionContext<Kysely<unknown>>();
      if (!kysely) throw new Error('No transaction is open');
      return work({
        em: inner,
        query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
          (await kysely.executeQuery<Row>(CompiledQuery.raw(text, [...values]))).rows,
        afterCommit: (callback) => callbacks.push(callback),
      });
    });
    for (const callback of callbacks) callback();
    return result;
  }

  private pool(role: DatabaseRole): Promise<MikroORM> {
    let pool = this.pools.get(role);
    if (!pool) {
      pool = this.open(role, { pool: { min: 0, max: this.options.poolSize ?? 8 } });
      // A failed opening must not be remembered: the database may be back a moment later.
      pool.catch(() => this.pools.delete(role));
      this.pools.set(role, pool);
    }
    return pool;
  }

  private statementPool(role: DatabaseRole): pg.Pool {
    let pool = this.statementPools.get(role);
    if (!pool) {
      pool = new pg.Pool({ connectionString: this.connectionString(role), max: this.options.poolSize ?? 8 });
      // A pooled connection that breaks while idle is replaced at the next use.
      pool.on('error', () => undefined);
      this.statementPools.set(role, pool);
    }
    return pool;
  }

  private connectionString(role: DatabaseRole): string {
    const url = new URL(this.options.url);
    url.username = roleNames(this.options.service)[role];
    url.password = this.options.password(role);
    return url.href;
  }

  private open(role: DatabaseRole, more: Options): Promise<MikroORM> {
    return MikroORM.init({
      clientUrl: this.connectionString(role),
      entities: this.options.entities ?? [],
      discovery: { warnWhenNoEntities: false },
      forceUtcTimezone: true,
      ...more,
    });
  }
}
