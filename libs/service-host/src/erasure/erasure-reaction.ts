import { type DataOf, identityFacts } from '@vouchsafe/contracts';
import type { Sql } from '@vouchsafe/database';
import { type Reaction, reaction } from '@vouchsafe/messaging';
import { takeOn } from './erasure.js';

/** Each service takes its own part on, told by the published fact (docs/vault.md, 'Erasure'). */
export async function takeOnErasure(
  sql: Sql,
  {
    erasureId,
    organizationId,
    userId,
    subjects,
    occurredAt,
  }: DataOf<typeof identityFacts.subjectErasureRequested>,
  operatorOrganizationId: string,
): Promise<void> {
  await takeOn(sql, {
    ...{ erasureId, organizationId, userId, subjects },
    // What is logged of a customer's person in the operator's log is sealed under the operator's organization.
    organizations: [...new Set([organizationId, operatorOrganizationId])],
    requestedAt: new Date(occurredAt),
  });
}

/** The same, for a program that runs a service's reactions without it. */
export function erasureReaction(operatorOrganizationId: string): Reaction {
  return reaction(identityFacts.subjectErasureRequested, ({ data }, sql) =>
    takeOnErasure(sql, data, operatorOrganizationId),
  );
}
