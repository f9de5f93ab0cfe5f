import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  envelopeOf,
  expiry,
  organizationOf,
  plainLine,
  problem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { holdAggregate } from './hold.aggregate.js';
import type { HoldCommand, HoldRejection } from './hold.decider.js';
import { type HoldView, viewOf } from './hold.view.js';

export const review = z
  .strictObject({
    reason: plainLine(500, 'Why the hold is still needed'),
    until: expiry.nullish().describe('Until when it is expected to be needed from now on'),
  })
  .meta({ id: 'HoldReview', examples: [{ reason: 'The case is pending' }] });

export const release = z
  .strictObject({ reason: plainLine(500, 'Why the hold is no longer needed') })
  .meta({ id: 'HoldRelease', examples: [{ reason: 'The case was settled' }] });

export type ChangeRejection = HoldRejection | { readonly rejected: 'placed-by-operator' | 'until-past' };

/** Reviews and releases a hold: whoever's members placed it, and the operator. */
@Injectable()
export class ChangeHold {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
  ) {}

  review(
    caller: Caller,
    holdId: string,
    { reason, until = null }: z.output<typeof review>,
  ): Promise<HoldView | ChangeRejection> {
    const at = this.clock.now();
    if (until !== null && new Date(until) <= at) return Promise.resolve({ rejected: 'until-past' });
    return this.change(caller, holdId, at, { type: 'review', by: caller.actor, reason, until, at });
  }

  /** What was held may be destroyed a moment later: a recent proof is asked for. */
  release(
    caller: Caller,
    holdId: string,
    { reason }: z.output<typeof release>,
  ): Promise<HoldView | ChangeRejection> {
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    return this.change(caller, holdId, at, { type: 'release', by: caller.actor, reason });
  }

  private change(
    caller: Caller,
    holdId: string,
    at: Date,
    command: HoldCommand,
  ): Promise<HoldView | ChangeRejection> {
    const own = organizationOf(caller);
    return this.store.transact(this.operator.organizationId, envelopeOf(caller, at), async (unit) => {
      const { state } = await unit.load(holdAggregate, holdId);
      const isOperator = this.operator.is(own);
      if (state.status === 'absent' || (!isOperator && state.heldOrganizationId !== own))
        throw problem('not-found');
      if (!isOperator && state.placedFor !== own) return { rejected: 'placed-by-operator' } as const;
      const changed = await unit.execute(holdAggregate, holdId, command);
      return isRejected(changed) ? changed : viewOf(changed.state, at);
    });
  }
}
