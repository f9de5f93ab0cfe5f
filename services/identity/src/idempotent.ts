import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Created, type CreatingRequest, createOnce as once } from '@vouchsafe/service-host';
import type { Identity } from './identity.js';

/** A creating POST, at most once for its Idempotency-Key, in the unit's own transaction. @returns the answer's body */
export function createOnce<Body extends object>(
  { vault, now }: Identity,
  unit: UnitOfWork,
  request: Omit<CreatingRequest, 'organizationId' | 'at'>,
  work: () => Promise<Created<Body>>,
): Promise<Body> {
  const { organizationId } = unit;
  return once(vault, unit, { ...request, organizationId, at: now() }, work);
}
