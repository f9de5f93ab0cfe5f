/**
 * Names that are bound into what is stored, as the category of a stream, as associated data or as input of a keyed hash. They stay as they are, whatever the code
 * calls the same thing today: with another name nothing that is stored would open or be found (ADR 0040).
 */
export const storedNames = {
  /** Category of the streams of what was settled. */
  deadLetter: 'parked-message',
  idempotencyKey: 'idempotency-key',
  idempotentRequest: 'idempotent-request',
} as const;
