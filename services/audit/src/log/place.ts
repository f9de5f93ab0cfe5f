/** Where an entry stands: entries are addressed by log and index, for ever. */
export interface Place {
  readonly logId: string;
  readonly index: number;
}

/** Binds sealed disclosures to their entry: elsewhere they do not open. */
export function disclosureContext({ logId, index }: Place): readonly string[] {
  return ['disclosure', logId, String(index)];
}
