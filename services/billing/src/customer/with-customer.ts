import type { UnitOfWork } from '@vouchsafe/event-store';
import { CustomerRow } from './customer.entity.js';

/** For what only a customer can have: whoever is none yet does not become one by naming an id. */
export async function withCustomer(unit: UnitOfWork): Promise<{ readonly rejected: 'not-found' } | null> {
  const entityManager = await unit.entityManager();
  const { organizationId } = unit;
  return (await entityManager.findOne(CustomerRow, { organizationId, replacedAt: null }))
    ? null
    : { rejected: 'not-found' };
}
