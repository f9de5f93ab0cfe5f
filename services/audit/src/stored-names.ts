/**
 * Names that are bound into what is stored, as associated data, as input of a keyed hash or in recorded entries. They stay as they are, whatever the code
 * calls the same thing today: with another name nothing that is stored would open or be found (ADR 0040).
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
} as const;
