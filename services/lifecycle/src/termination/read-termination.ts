import { Inject, Injectable } from '@nestjs/common';
import { terminationCauses } from '@vouchsafe/contracts';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, holdsOn, organizationOf } from '@vouchsafe/service-host';
import { z } from 'zod';
import { BACKUP_POLICY } from './backup-policy.js';
import type { BackupPolicy } from './plan.js';
import { terminationAggregate } from './termination.aggregate.js';
import { planFor, type Termination } from './termination.decider.js';

const time = z.iso.datetime();

const plan = z
  .strictObject({
    returnUntil: time.describe(
      'Until this time owners can have all data put into an archive; later the operator can. It is later if the first email to an owner was late',
    ),
    purgeFrom: time.describe(
      'Nothing is deleted before this time, and the organization can come back until then. It is later if the first email to an owner was late',
    ),
    productionErasedBy: time.describe('By this time production holds no data of the organization'),
    backupsExpiredBy: time.describe('By this time no backup holds any'),
  })
  .meta({ id: 'TerminationPlan' });

const heldBy = z
  .array(z.uuid())
  .describe(
    'Legal holds that stop the deletion, or a part of it; it goes on by itself when they are released. Deadlines do not count meanwhile',
  );

const undoing = z
  .enum(['reopen', 'subscribe'])
  .describe(
    'How the organization can come back: `reopen` by deleting the termination or by a new subscription, `subscribe` by a new subscription only',
  );

export const terminationView = z
  .discriminatedUnion('status', [
    z
      .strictObject({
        status: z.literal('active').describe('The organization is in use'),
        hasLiveSubscription: z
          .boolean()
          .describe('An organization with a live subscription must cancel it before it can be closed'),
      })
      .meta({ id: 'NoTermination' }),
    z
      .strictObject({
        status: z
          .literal('inactive')
          .describe('Only owners have access: to reads, billing and the termination'),
        cause: z
          .enum(terminationCauses)
          .describe(
            '`subscriptions-ended`: the last live one; `closed-by-owner`: an owner closed the account',
          ),
        endedAt: time.describe('The moment from which the periods count'),
        noticedAt: time.nullable().describe('When the first owner was notified by email; null until then'),
        plan: plan.describe('What happens when'),
        undoneBy: undoing,
        heldBy,
      })
      .meta({ id: 'InactiveTermination' }),
    z
      .strictObject({
        status: z.literal('purging').describe('The data is being deleted. The organization cannot come back'),
        cause: z
          .enum(terminationCauses)
          .describe('Why the organization ended: its subscriptions ended, or an owner closed the account'),
        endedAt: time.describe('The moment from which the periods count'),
        productionErasedBy: plan.shape.productionErasedBy,
        backupsExpiredBy: plan.shape.backupsExpiredBy,
        heldBy,
      })
      .meta({ id: 'PurgingTermination' }),
  ])
  .meta({ id: 'Termination' });
export type TerminationView = z.infer<typeof terminationView>;

@Injectable()
export class ReadTermination {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
  ) {}

  async read(caller: Caller): Promise<TerminationView> {
    const organizationId = organizationOf(caller);
    return this.store.transact(organizationId, envelopeOf(caller, this.clock.now()), async (unit) => {
      const { state } = await unit.load(terminationAggregate, organizationId);
      return shownTermination(unit, state, this.policy);
    });
  }
}

export async function shownTermination(
  unit: UnitOfWork,
  state: Termination,
  policy: BackupPolicy,
): Promise<TerminationView> {
  if (state.status === 'active') {
    const { status, hasLiveSubscription } = state;
    return { status, hasLiveSubscription };
  }
  const { cause, endedAt, noticedAt } = state;
  const heldBy = (await holdsOn(unit, [unit.organizationId])).map(({ holdId }) => holdId);
  const { returnUntil, purgeFrom, productionErasedBy, backupsExpiredBy } = planFor(state, policy);
  if (state.status === 'purging')
    return {
      ...{ status: 'purging', cause, endedAt },
      productionErasedBy: productionErasedBy.toISOString(),
      backupsExpiredBy: backupsExpiredBy.toISOString(),
      heldBy,
    };
  const { status } = state;
  return {
    ...{ status, cause, endedAt, noticedAt },
    plan: {
      returnUntil: returnUntil.toISOString(),
      purgeFrom: purgeFrom.toISOString(),
      productionErasedBy: productionErasedBy.toISOString(),
      backupsExpiredBy: backupsExpiredBy.toISOString(),
    },
    undoneBy: cause === 'closed-by-owner' ? 'reopen' : 'subscribe',
    heldBy,
  };
}
