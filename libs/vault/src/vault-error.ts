/** Why the vault cannot work: failures of machines, wrong settings or tampering, nothing that a caller can mend. */
export type VaultFault =
  | 'kek-file-missing'
  | 'kek-file-permissions'
  | 'kek-file-malformed'
  /** A key was wrapped by a KEK that the provider does not hold (any more). */
  | 'kek-unknown'
  /** A KEK does not open a key: another environment's (P20), a moved row, or tampered bytes. */
  | 'kek-does-not-open'
  /** An organization's key does not open a data key: its row was moved or tampered with. */
  | 'key-does-not-open'
  /** A value's key is neither there nor tombstoned. */
  | 'key-missing'
  /** The file of tombstones outside of the database cannot be read whole. */
  | 'tombstones-malformed'
  | 'value-malformed'
  /** A value stands where it was not sealed for, or was tampered with. */
  | 'value-does-not-open';

/** Messages name ids and locations, never plaintext, sealed text or key bytes (ASVS 16.2.5). */
export class VaultError extends Error {
  override readonly name = 'VaultError';

  constructor(
    readonly fault: VaultFault,
    message: string,
  ) {
    super(message);
  }
}
