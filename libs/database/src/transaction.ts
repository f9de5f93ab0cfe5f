import type pg from 'pg';
import type { Ask, EntityManager, EntityManagers } from './entity-manager.js';
import { prepared, type PreparedStatement, type Transaction } from './sql.js';

/** Row-level security shows this organization's rows until the transaction ends (P19). */
const view = prepared(`select set_config('vouchsafe.organization_id', $1, true)`);

export interface TransactionOptions {
  readonly organizationId: string | undefined;
  /** Asked only by a transaction whose work asks for its entity manager. */
  readonly entityManagers: () => Promise<EntityManagers>;
}

/**
 * Runs `work` in one transaction: all of it or nothing. `begin` and the organization's view are sent and not waited for; they are
 * answered before whatever `work` asks first, which sees nothing where the view failed, and writes nothing where `begin` did
 * (docs/adr/0018).
 * @param pool of connections that let no statement write outside of a transaction (`writesAlone`)
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (transaction: Transaction) => Promise<T>,
  { organizationId, entityManagers }: TransactionOptions,
): Promise<T> {
  const callbacks: (() => void)[] = [];
  const client = await pool.connect();
  let isOver = false;
  // The connection is another transaction's once this one is over, perhaps another organization's (P19).
  const ask: Ask = (statement) =>
    isOver
      ? Promise.reject(new Error('The transaction is over: no more statements can run in it'))
      : client.query(statement);
  let entities: Promise<EntityManager> | undefined;
  let result: T;
  try {
    const begun = [client.query('begin read write')];
    if (organizationId !== undefined) begun.push(client.query({ ...view, values: [organizationId] }));
    // Asked before the commit; until then a failure must not become an unhandled rejection.
    for (const answer of begun) answer.catch(() => undefined);
    result = await work({
      query: async <Row extends object>(
        statement: string | PreparedStatement,
        values: readonly unknown[] = [],
      ) => {
        const named = typeof statement === 'string' ? { text: statement } : statement;
        return (await ask({ ...named, values: [...values] })).rows as Row[];
      },
      entityManager: () => (entities ??= entityManagers().then((managerOn) => managerOn(ask))),
      afterCommit: (callback) => callbacks.push(callback),
    });
    if (entities) await (await entities).flush();
    await Promise.all(begun);
    isOver = true;
    await commit(client);
  } catch (error) {
    isOver = true;
    // `rollback` fails only where the connection is gone, and the transaction with it. The pool destroys what it gets back.
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
  for (const callback of callbacks) runAfterCommit(callback);
  return result;
}

/** Postgres answers a `commit` behind a statement that failed by rolling back, without calling it an error. */
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT')
    throw new Error('A statement failed and its error was not handled: the transaction was rolled back');
}

/** What is committed stays committed: a callback's failure must not look like the transaction's. */
function runAfterCommit(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
