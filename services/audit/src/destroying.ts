import type { Database, Transaction } from '@vouchsafe/database';

/** What a transaction is about to destroy. */
export interface Destruction {
  readonly organizations: readonly string[];
  readonly what: 'entries' | 'search-keys' | 'bundles' | 'log';
  /** Whose data alone goes; where nothing is said, whoever it is about. */
  readonly subjects?: readonly string[];
  /** Of entries: what was recorded before this time. */
  readonly recordedBefore?: Date;
}

/** The one way in which audit destroys data: each such transaction passes here, so that what must stop it is asked in this place. */
export function destroying<Result>(
  database: Database,
  _destruction: Destruction,
  work: (sql: Transaction) => Promise<Result>,
): Promise<Result> {
  return database.asRetention(work);
}
