import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

const time = () => p.string().columnType('timestamptz');

/** The register of legal holds, released ones too. Reasons stand in the streams alone. */
export const HoldRow = defineEntity({
  name: 'LegalHold',
  tableName: 'legal_hold',
  properties: {
    holdId: p.uuid().primary(),
    heldOrganizationId: p.uuid(),
    /** The operator's: its members see every hold. */
    organizationId: p.uuid(),
    status: p.text().$type<'pending' | 'in-force' | 'releasing' | 'released'>(),
    placedAt: time(),
    reviewDueAt: time(),
  },
  uniques: [{ name: 'legal_hold_placed_at_hold_id_key', properties: ['placedAt', 'holdId'] }],
});
export type HoldRow = InferEntity<typeof HoldRow>;
