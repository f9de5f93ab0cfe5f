/**
 * Names that are bound into stored data, as the category of a stream, as associated data or as input of a keyed hash. They never change:
 * with another name nothing stored would open or be found (ADR 0040).
 */
export const storedNames = {
  /** Category of the streams of what was settled. */
  deadLetter: 'parked-message',
  idempotencyKey: 'idempotency-key',
  idempotentRequest: 'idempotent-request',
} as const;
