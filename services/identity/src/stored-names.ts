/**
 * Names that are bound into what is stored, as associated data or as input of a keyed hash. They stay as they are, whatever the code
 * calls the same thing today: with another name nothing that is stored would open or be found (ADR 0040).
 */
export const storedNames = {
  row: 'row',
  /** The table that emails wait in had another name. */
  emailTable: 'letter',
  emailAddress: 'e-mail-address',
  attempts: 'attempts',
  signUpIdempotencyKey: 'sign-up-idempotency-key',
} as const;
