import { storedNames } from '../stored-names.js';

/** The permanent address of an entry: its log and its index there. */
export interface EntryLocation {
  readonly logId: string;
  readonly index: number;
}

/** Binds sealed disclosures to their entry: they cannot be opened anywhere else. */
export function disclosureContext({ logId, index }: EntryLocation): readonly string[] {
  return [storedNames.disclosure, logId, String(index)];
}
