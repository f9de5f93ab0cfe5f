import { storedNames } from '../stored-names.js';

/** Where an entry stands: entries are addressed by log and index, for ever. */
export interface EntryLocation {
  readonly logId: string;
  readonly index: number;
}

/** Binds sealed disclosures to their entry: elsewhere they do not open. */
export function disclosureContext({ logId, index }: EntryLocation): readonly string[] {
  return [storedNames.disclosure, logId, String(index)];
}
