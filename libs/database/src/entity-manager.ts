import { MikroORM } from '@mikro-orm/core';
import {
  AbstractSqlDriver,
  type Configuration,
  type EntitySchema,
  FlushMode,
  isRaw,
  JsonProperty,
  NativeQueryBuilder,
  PostgreSqlConnection,
  PostgreSqlPlatform,
  raw,
  type RawQueryFragment,
  type SqlEntityManager,
  TextType,
  Type,
  Utils,
} from '@mikro-orm/postgresql';
import type pg from 'pg';

export type EntitySchemas = readonly EntitySchema[];

/** Sends one statement on a transaction's connection; refuses once the transaction is over. */
export type Ask = (statement: pg.QueryConfig) => Promise<pg.QueryResult>;

/** What begins and ends a transaction is the unit of work's (`inTransaction`), and `stream` needs a cursor (docs/adr/0018). */
export type EntityManager = Omit<
  SqlEntityManager,
  'begin' | 'commit' | 'rollback' | 'transactional' | 'fork' | 'stream' | 'getKysely' | 'getConnection'
>;

/** Makes an entity manager on a transaction. */
export type EntityManagers = (ask: Ask) => EntityManager;

/** Discovers a service's entities; what is made of them is shared by every transaction of the process, and knows no connection. */
export function entityManagers(service: string, entities: EntitySchemas): EntityManagers {
  const orm = new MikroORM({
    driver: TransactionDriver,
    dbName: service,
    entities: [...entities],
    // Found rows are not written before somebody says so: a constraint speaks up at `flush()` or at the commit, not at a `find`.
    flushMode: FlushMode.COMMIT,
    implicitTransactions: false,
    // Times stay the text that the pool gives: a `Date` would lose Postgres's microseconds, and write what is left of them.
    discovery: { getMappedType: (type) => (type === 'timestamptz' ? Type.getType(TextType) : undefined) },
    forceUtcTimezone: true,
    // MIKRO_ORM_DEBUG would print values.
    debug: false,
  });
  for (const { className, props } of orm.getMetadata().getAll().values()) {
    const date = props.find(({ runtimeType }) => runtimeType === 'Date');
    if (date)
      throw new Error(
        `${className}.${date.name} would be a Date, which loses microseconds: p.string().columnType('timestamptz')`,
      );
  }
  return (ask) => {
    // Of its own, whatever transaction runs around it: another one's role and organization must not be joined.
    const entityManager = orm.em.fork({ disableContextResolution: true });
    entityManager.setTransactionContext(ask);
    return entityManager;
  };
}

/** MikroORM's driver for Postgres on a connection that is a transaction's, with errors as the database gives them. */
class TransactionDriver extends AbstractSqlDriver<TransactionConnection, BindingPlatform> {
  constructor(config: Configuration) {
    super(config, new BindingPlatform(), TransactionConnection, ['pg']);
  }

  /** MikroORM's own carry the row's values in their message (`detail`), and so into logs; callers ask `postgresFault`. */
  override convertException(exception: Error): never {
    throw exception;
  }
}

class TransactionConnection extends PostgreSqlConnection {
  /** As MikroORM comes, it quotes values into the statement's text; here each is bound (P28). */
  override async execute<T>(
    query: string | NativeQueryBuilder | RawQueryFragment,
    params: readonly unknown[] | Record<string, unknown> = [],
    method: 'all' | 'get' | 'run' = 'all',
    transaction?: unknown,
  ): Promise<T> {
    if (typeof transaction !== 'function') throw new Error('The statement was run outside a transaction');
    const fragment = fragmentOf(query, params);
    const { rows, rowCount } = await (transaction as Ask)(bound(fragment, this.platform));
    return this.transformRawResult<T>({ rows, numAffectedRows: BigInt(rowCount ?? 0) }, method);
  }

  // eslint-disable-next-line require-yield -- it has nothing to give
  override async *stream<T>(): AsyncIterableIterator<T> {
    await Promise.reject(
      new Error('`stream` needs a cursor, which pipelined connections do not have: read pages'),
    );
  }

  override connect(): Promise<void> {
    return Promise.reject(new Error('There is no connection outside a transaction'));
  }

  override getClient(): never {
    throw new Error('There is no connection outside a transaction');
  }

  override begin(): Promise<never> {
    return Promise.reject(new Error('The unit of work begins the transaction'));
  }

  override commit(): Promise<void> {
    return Promise.reject(new Error('The unit of work commits the transaction'));
  }

  override rollback(): Promise<void> {
    return Promise.reject(new Error('The unit of work rolls the transaction back when its callback throws'));
  }
}

class BindingPlatform extends PostgreSqlPlatform {
  /** MikroORM quotes only some elements: ` a` would lose its space, and `NULL` be no text any more. */
  override marshallArray(values: readonly unknown[]): string {
    const elements = values.map((value) => {
      if (value === null) return 'NULL';
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    });
    return `{${elements.join(',')}}`;
  }

  /** Where MikroORM writes a fragment into a statement's text (`order by`, `select`, a sub-query) its values cannot be bound. */
  override formatQuery(sql: string, params: readonly unknown[]): string {
    if (params.length > 0)
      throw new Error(`A value would be quoted into the statement instead of bound: ${sql.slice(0, 80)}`);
    return sql;
  }
}

function fragmentOf(
  query: string | NativeQueryBuilder | RawQueryFragment,
  params: readonly unknown[] | Record<string, unknown>,
): RawQueryFragment {
  if (query instanceof NativeQueryBuilder) return query.toRaw();
  if (typeof query !== 'string') return query;
  return raw(query, params as Record<string, unknown>);
}

/** MikroORM's `?` (a value), `??` (an identifier) and `\?` (a question mark) as Postgres reads them. */
function bound(
  fragment: RawQueryFragment,
  platform: Pick<PostgreSqlPlatform, 'quoteIdentifier'>,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const place = (value: unknown) => `$${values.push(value)}`;
  const written = (value: unknown): string => {
    if (isRaw(value)) return textOf(value);
    if (value === undefined) throw new Error('A value of the statement is `undefined`');
    if (isJson(value)) return place(JSON.stringify(value));
    // The list of an `in`: a column of arrays is given text, by `marshallArray`.
    if (Array.isArray(value)) return value.map(written).join(', ');
    return place(value);
  };
  const textOf = ({ sql, params }: RawQueryFragment): string => {
    if (params.length === 0) return sql;
    const rest = [...params];
    const next = (): unknown => {
      if (rest.length === 0)
        throw new Error(`The statement has more placeholders than values: ${sql.slice(0, 80)}`);
      return rest.shift();
    };
    const text = sql.replaceAll(/\\\?|\?\??/g, (place) => {
      if (place === '?') return written(next());
      return place === '??' ? platform.quoteIdentifier(next() as string) : '?';
    });
    if (rest.length > 0)
      throw new Error(`The statement has more values than placeholders: ${sql.slice(0, 80)}`);
    return text;
  };
  return { text: textOf(fragment), values };
}

function isJson(value: unknown): boolean {
  return (
    Utils.isPlainObject(value) ||
    (typeof value === 'object' &&
      value !== null &&
      (value as { [JsonProperty]?: boolean })[JsonProperty] === true)
  );
}
