import type { ArrivedFact } from '../cloud-events.js';
import type { OffsetStep } from './offset.js';

/** A partition's facts, and where its offset goes with them; facts fetched from the source have no offset. */
export interface Portion {
  readonly facts: readonly { readonly fact: ArrivedFact; readonly offset?: bigint }[];
  readonly step: OffsetStep | null;
}

/** Where the lanes of a portion stand after it, in the database. */
export type LaneNumbers = ReadonlyMap<string, bigint>;
