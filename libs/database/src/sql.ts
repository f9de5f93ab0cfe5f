/** @promise P28 (main) values are bound to a statement, never spliced into its text */
import { hash } from 'node:crypto';
import type { EntityManager } from './entity-manager.js';

/** A statement that each connection parses and plans once, under a name that is unique in the service. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/** Runs statements inside one transaction. */
export interface Sql {
  /**
   * @param statement one statement; values stand as `$1`, `$2`, ... and are bound, never spliced (P28). Prepared, it costs no
   *   planning: over partitions with many indexes that is ten times the work of reading a page
   * @returns its rows: `bigint`, `xid8` and times come as text, `jsonb` parsed, `bytea` as Buffer
   */
  query<Row extends object>(
    statement: string | PreparedStatement,
    values?: readonly unknown[],
  ): Promise<Row[]>;
}

const statements = new Map<string, PreparedStatement>();

/** A statement of which there are a few forms only, named after its text. For what is asked all the time: each connection keeps it. */
export function prepared(text: string): PreparedStatement {
  const known = statements.get(text);
  if (known) return known;
  const made = { name: hash('sha256', text).slice(0, 32), text };
  statements.set(text, made);
  return made;
}

export interface Transaction extends Sql {
  /**
   * MikroORM's entity manager on this very transaction, the same one each time; made when it is first asked for. Changes are
   * written by its `flush()`, and before the commit; nothing else writes them, so flush before SQL that must see them. It ends
   * with the transaction, and so do its entities' references (docs/adr/0037).
   */
  entityManager(): Promise<EntityManager>;
  /** Runs once the transaction is durable; for waking workers, never for effects that must happen. */
  afterCommit(callback: () => void): void;
}

/** The first row, where a statement always has one. */
export async function one<Row extends object>(
  sql: Sql,
  statement: string | PreparedStatement,
  values?: readonly unknown[],
): Promise<Row> {
  const [row] = await sql.query<Row>(statement, values);
  const { text } = typeof statement === 'string' ? { text: statement } : statement;
  if (!row) throw new Error(`The query returned no row: ${text.slice(0, 80)}`);
  return row;
}

/** Postgres error codes that this code tells apart (SQLSTATE, appendix A of its manual). */
export type PostgresFault =
  | 'unique_violation'
  | 'serialization_failure'
  | 'deadlock_detected'
  | 'insufficient_privilege'
  /** A statement ran out of its time (`statement_timeout`). */
  | 'query_canceled';

const sqlStates: Readonly<Record<string, PostgresFault>> = {
  '23505': 'unique_violation',
  '40001': 'serialization_failure',
  '40P01': 'deadlock_detected',
  '42501': 'insufficient_privilege',
  '57014': 'query_canceled',
};

/** Which of the known faults an error is, looking through what wraps it. */
export function postgresFault(
  error: unknown,
): { fault: PostgresFault; constraint: string | undefined } | undefined {
  for (
    let cause = error;
    typeof cause === 'object' && cause !== null;
    cause = (cause as { cause?: unknown }).cause
  ) {
    const { code, constraint } = cause as { code?: unknown; constraint?: unknown };
    const fault = typeof code === 'string' ? sqlStates[code] : undefined;
    if (fault) return { fault, constraint: typeof constraint === 'string' ? constraint : undefined };
  }
  return undefined;
}

/** A `timestamptz` as this library returns it (`2026-11-22 19:44:14.168806+00`) as an instant, which has milliseconds. */
export function instant(text: string): Date {
  return new Date(exactTime(text));
}

/** A `timestamptz` as this library returns it, to the microsecond, as RFC 3339 writes it: where a page ends, for one. */
export function exactTime(text: string): string {
  return text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00');
}

/**
 * Runs a transaction again, three times in all, where Postgres ended it to break a deadlock or a cycle of serialization: nothing
 * of it had happened.
 */
export async function retryingDeadlocks<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      const fault = postgresFault(error)?.fault;
      if (attempt === 3 || (fault !== 'deadlock_detected' && fault !== 'serialization_failure')) throw error;
    }
  }
}
