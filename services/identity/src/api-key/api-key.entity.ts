import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { Permission } from '@vouchsafe/service-host';

const time = () => p.string().columnType('timestamptz');

/** The register of API keys, revoked and expired ones too. What every request by a key reads of it is SQL (`session/resolve-caller.ts`). */
export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_key',
  properties: {
    organizationId: p.uuid(),
    apiKeyId: p.uuid().primary(),
    /** SHA-256 of the key, to find it by; nobody who reads the register needs it (P22). */
    keyHash: p.blob().unique('api_key_key_hash_key').lazy(),
    /** The first characters, so that a person can tell keys apart. */
    start: p.text(),
    name: p.text(),
    scopes: p.array().$type<Permission[]>(),
    createdBy: p.uuid(),
    createdAt: time(),
    expiresAt: time().nullable(),
    lastUsedAt: time().nullable(),
    revokedAt: time().nullable(),
    source: p.text().default('api'),
  },
  uniques: [
    {
      name: 'api_key_organization_id_created_at_api_key_id_key',
      properties: ['organizationId', 'createdAt', 'apiKeyId'],
    },
  ],
});
export type ApiKey = InferEntity<typeof ApiKey>;
