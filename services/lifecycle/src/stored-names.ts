/**
 * Names that are bound into stored data, as associated data. They never change: with another name nothing stored would open (ADR 0040).
 */
export const storedNames = {
  attachment: 'attachment',
  attachmentName: 'name',
  /** The key of its body, and the body. */
  attachmentKey: 'key',
  attachmentBody: 'body',
  certificateKey: 'certificate-key',
  return: 'return',
  /** A part of an archive, and the key of its body. */
  returnPart: 'part',
  returnPartKey: 'part-key',
  /** Keyed hashes: of an address that is not confirmed, and the token that confirms it. */
  requestContact: 'data-request-contact',
  requestConfirmation: 'data-request-confirmation',
  /** Keyed hash of an address and an `Idempotency-Key`: the id of the request that they make. */
  requestIdempotencyKey: 'data-request-idempotency-key',
} as const;
