import { Inject, Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  envelopeOf,
  organizationOf,
  plainLine,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import { BACKUP_POLICY } from './backup-policy.js';
import type { BackupPolicy } from './plan.js';
import { shownTermination, type TerminationView } from './read-termination.js';
import { terminationAggregate } from './termination.aggregate.js';
import type { TerminationRejection } from './termination.decider.js';

export const closing = z
  .strictObject({
    organizationName: plainLine(200, 'The organization’s exact name, as a confirmation'),
  })
  .meta({ id: 'Closing', examples: [{ organizationName: 'Analytical Engines' }] });

export type ClosingRejection = TerminationRejection | { readonly rejected: 'other-name' | 'operator' };

/** An owner closes the account of an organization that pays for nothing, and takes that back (P31). */
@Injectable()
export class ChangeTermination {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
  ) {}

  close(
    caller: Caller,
    { organizationName }: z.output<typeof closing>,
  ): Promise<TerminationView | ClosingRejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    assertRecentlyAuthenticated(caller, at);
    if (this.operator.is(organizationId)) return Promise.resolve({ rejected: 'operator' });
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const entityManager = await unit.entityManager();
      const known = await entityManager.findOne(OrganizationRow, { organizationId });
      if (known?.name !== organizationName) return { rejected: 'other-name' } as const;
      const closed = await unit.execute(terminationAggregate, organizationId, {
        type: 'close',
        organizationId,
        at,
      });
      return isRejected(closed) ? closed : await shownTermination(unit, closed.state, this.policy);
    });
  }

  reopen(caller: Caller): Promise<TerminationView | TerminationRejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    assertRecentlyAuthenticated(caller, at);
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const reopened = await unit.execute(terminationAggregate, organizationId, { type: 'reopen' });
      return isRejected(reopened) ? reopened : await shownTermination(unit, reopened.state, this.policy);
    });
  }
}
