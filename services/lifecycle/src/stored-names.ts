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
} as const;
