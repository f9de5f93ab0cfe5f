/** Names that are bound into what lifecycle stores. They never change: with another name nothing stored would open (ADR 0040). */
export const storedNames = {
  certificateKey: 'certificate-key',
} as const;
