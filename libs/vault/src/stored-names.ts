/**
 * Names that are bound into stored data, as associated data or as input of a keyed hash. They never change: with another name nothing
 * stored would open or be found (ADR 0040).
 */
export const storedNames = {
  value: 'vouchsafe-value-v1',
  stream: 'vouchsafe-stream-v1',
  dataKey: 'vouchsafe-data-key-v1',
  transitKey: 'vouchsafe-transit-key-v1',
  kek: 'vouchsafe-kek-v1',
  keyedHash: 'vouchsafe-look-up-v1',
  organizationKey: 'organization-key',
  serviceKey: 'service-key',
  /** The holder of an organization's key for keyed hashes, and the name of the service's own. */
  lookUp: 'look-up',
} as const;
