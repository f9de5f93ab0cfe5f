import { Inject, Injectable } from '@nestjs/common';
import { terminationCauses } from '@vouchsafe/contracts';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { z } from 'zod';
import { BACKUP_POLICY } from './backup-policy.js';
import type { BackupPolicy } from './plan.js';
import { terminationAggregate } from './termination.aggregate.js';
import { planFor, type Termination } from './termination.decider.js';

const time = z.iso.datetime();

const plan = z
  .strictObject({
    returnUntil: time.describe('Until then the return of the data can be asked for'),
    purgeFrom: time.describe(
      'Nothing is deleted before, and until then the organization can come back. It moves if the owners are told late',
    ),
    productionErasedBy: time.describe('By then nothing of the organization is left in production'),
    backupsExpiredBy: time.describe('By then no backup holds anything of it'),
  })
  .meta({ id: 'TerminationPlan' });

const undoing = z
  .enum(['reopen', 'subscribe'])
  .describe(
    'How the organization comes back: `reopen` by deleting the termination, `subscribe` by a new subscription',
  );

export const terminationView = z
  .discriminatedUnion('status', [
    z
      .strictObject({
        status: z.literal('active').describe('The organization is in use'),
        hasLiveSubscription: z
          .boolean()
          .describe('An organization that pays must cancel before it can be closed'),
      })
      .meta({ id: 'NoTermination' }),
    z
      .strictObject({
        status: z
          .literal('inactive')
          .describe('Only its owners have access: to what is read, to billing and to the end itself'),
        cause: z
          .enum(terminationCauses)
          .describe(
            '`subscriptions-ended`: the last live one; `closed-by-owner`: an owner closed the account',
          ),
        endedAt: time.describe('The moment from which the periods count'),
        noticedAt: time
          .nullable()
          .describe('When the owners were told by email; null while no email went out'),
        plan: plan.describe('What happens when'),
        undoneBy: undoing,
      })
      .meta({ id: 'InactiveTermination' }),
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
    const { state } = await this.store.transact(
      organizationId,
      envelopeOf(caller, this.clock.now()),
      (unit) => unit.load(terminationAggregate, organizationId),
    );
    return shownTermination(state, this.policy);
  }
}

export function shownTermination(state: Termination, policy: BackupPolicy): TerminationView {
  if (state.status === 'active') {
    const { status, hasLiveSubscription } = state;
    return { status, hasLiveSubscription };
  }
  const { status, cause, endedAt, noticedAt } = state;
  const { returnUntil, purgeFrom, productionErasedBy, backupsExpiredBy } = planFor(state, policy);
  return {
    ...{ status, cause, endedAt, noticedAt },
    plan: {
      returnUntil: returnUntil.toISOString(),
      purgeFrom: purgeFrom.toISOString(),
      productionErasedBy: productionErasedBy.toISOString(),
      backupsExpiredBy: backupsExpiredBy.toISOString(),
    },
    undoneBy: cause === 'closed-by-owner' ? 'reopen' : 'subscribe',
  };
}
