import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** The register of organizations, from identity's facts. */
export const OrganizationRow = defineEntity({
  name: 'Organization',
  tableName: 'organization',
  properties: {
    organizationId: p.uuid().primary(),
    name: p.text(),
  },
});
export type OrganizationRow = InferEntity<typeof OrganizationRow>;
