/**
 * Names that are bound into stored data, as associated data or as input of a keyed hash. They never change: with another name nothing
 * stored would open or be found (ADR 0040).
 */
export const storedNames = {
  row: 'row',
  /** The former name of the table `email`. */
  emailTable: 'letter',
  emailAddress: 'e-mail-address',
  attempts: 'attempts',
  signUpIdempotencyKey: 'sign-up-idempotency-key',
} as const;
