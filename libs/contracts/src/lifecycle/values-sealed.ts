import { contract } from '../contract.js';
import { VALUES_SEALED_SUMMARY, valuesSealed as schema } from '../values-sealed.js';

export const valuesSealed = contract({
  type: 'vouchsafe.lifecycle.values-sealed.v1',
  summary: VALUES_SEALED_SUMMARY,
  entity: { type: 'organization', id: 'organizationId' },
  schema,
});
