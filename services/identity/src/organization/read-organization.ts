import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { organizationAggregate } from './organization.aggregate.js';
import { Operator } from '../operator.js';

export const organizationView = z
  .strictObject({
    organizationId: z.uuid().describe('Id of the organization'),
    name: z.string().describe('Name of the organization'),
    requireSecondFactor: z
      .boolean()
      .describe('Whether members need a second factor: a session without one can only enrol it'),
  })
  .meta({ id: 'Organization' });

@Injectable()
export class ReadOrganization {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
  ) {}

  read(
    caller: Caller,
  ): Promise<{ readonly version: number; readonly organization: z.infer<typeof organizationView> }> {
    const envelope = envelopeOf(caller, this.clock.now());
    return this.store.transact(organizationOf(caller), envelope, async (unit) => {
      const { state, version } = await unit.load(organizationAggregate, unit.organizationId);
      if (state.status === 'absent') throw problem('not-found');
      const { organizationId, name, secondFactorRequired } = state;
      const requireSecondFactor = this.operator.requiresSecondFactor(organizationId, secondFactorRequired);
      return { version, organization: { organizationId, name, requireSecondFactor } };
    });
  }
}
