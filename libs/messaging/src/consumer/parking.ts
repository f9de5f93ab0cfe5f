import type { Database } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { ReactionTable } from './react.js';

/** What parking a consumer's facts, and settling them later, needs. */
export interface Parking {
  readonly database: Database;
  readonly vault: Vault;
  /** The consumer group. */
  readonly group: string;
  readonly table: ReactionTable;
  readonly now: () => Date;
}
