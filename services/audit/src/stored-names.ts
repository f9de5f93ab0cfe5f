/**
 * Names in stored data: as associated data, as input of a keyed hash, or in recorded entries. They never change: with another name
 * nothing stored would open or be found (ADR 0040).
 */
export const storedNames = {
  export: 'export',
  bundle: 'vouchsafe-bundle-v1',
  disclosure: 'disclosure',
  reader: 'reader',
  signingKey: 'signing-key',
  search: 'audit-search',
  /** In entries: the type of the entity, and the operations. */
  deadLetter: 'parked-message',
  deadLetterReplayed: 'parked-message.replay',
  deadLetterDiscarded: 'parked-message.discard',
  retention: 'audit-retention',
  retentionRun: 'audit-retention.run',
} as const;
