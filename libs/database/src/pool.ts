import { createPostgreSqlTypeParsers } from '@mikro-orm/postgresql';
import { type DatabaseConnection, PostgresDialect, type PostgresDialectConfig, PostgresDriver } from 'kysely';
import pg from 'pg';
import array from 'postgres-array';

/**
 * A role's connections, for MikroORM and for prepared statements alike.
 * @param statementMs longest time of one statement; without it there is no bound
 */
export function connectionPool(connectionString: string, max: number, statementMs?: number): pg.Pool {
  const types = new pg.TypeOverrides();
  for (const [oid, parser] of Object.entries(createPostgreSqlTypeParsers((text) => array.parse(text)))) {
    types.setTypeParser(Number(oid), parser);
  }
  const pool = new pg.Pool({
    connectionString,
    max,
    types,
    ...(statementMs ? { statement_timeout: statementMs } : {}),
  });
  // A server that goes away shows as an error of whatever runs on the connection, and the pool drops it. Without listeners
  // the same news, told of an idle connection, would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Kysely's dialect, but a transaction whose connection broke gives its place in the pool back. As it comes, Kysely returns a
 * connection only after a rollback that succeeded: each transaction cut off by a restart of Postgres would hold a place
 * for ever, until none is left.
 */
export class ReleasingPostgresDialect extends PostgresDialect {
  constructor(private readonly config: PostgresDialectConfig) {
    super(config);
  }

  override createDriver(): PostgresDriver {
    return new ReleasingDriver(this.config);
  }
}

class ReleasingDriver extends PostgresDriver {
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch {
      // `rollback` fails only where the connection is gone, and the transaction with it. The pool destroys what it gets back.
    }
  }
}
