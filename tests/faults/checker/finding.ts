/** What can be wrong after a round. */
export const kinds = [
  'acknowledged and missing',
  'doubled',
  'order broken',
  'response without an entry',
  'entry for nothing',
  'sequence gap',
  'log fork',
  'ended by itself',
] as const;
export type Kind = (typeof kinds)[number];

export interface Finding {
  readonly kind: Kind;
  readonly what: string;
}
