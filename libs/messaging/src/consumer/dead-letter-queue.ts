import type { Database } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { ReactionTable } from './react.js';

/** What it takes to set a consumer's facts aside, and to settle them later. */
export interface DeadLetterQueue {
  readonly database: Database;
  readonly vault: Vault;
  /** The consumer group. */
  readonly group: string;
  readonly table: ReactionTable;
  readonly now: () => Date;
}
