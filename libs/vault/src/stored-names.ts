/**
 * Names that are bound into what is stored, as associated data or as input of a keyed hash. They stay as they are, whatever the code
 * calls the same thing today: with another name nothing that is stored would open or be found (ADR 0040).
 */
export const storedNames = {
  value: 'vouchsafe-value-v1',
  dataKey: 'vouchsafe-data-key-v1',
  transitKey: 'vouchsafe-transit-key-v1',
  kek: 'vouchsafe-kek-v1',
  keyedHash: 'vouchsafe-look-up-v1',
  organizationKey: 'organization-key',
  serviceKey: 'service-key',
  /** The holder of an organization's key for keyed hashes, and the name of the service's own. */
  lookUp: 'look-up',
} as const;
