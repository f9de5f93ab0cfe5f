import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  envelopeOf,
  etagOf,
  organizationOf,
  plainLine,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrganizationCommand, OrganizationRejection } from './organization.decider.js';
import { changeAtVersion, organizationVersion } from './versioned-organization.js';

export const organizationName = plainLine(200);

export const organizationChange = z
  .strictObject({
    name: organizationName.optional(),
    requireSecondFactor: z
      .boolean()
      .optional()
      .describe('Whether members need a second factor: a session without one can only enrol it'),
  })
  .refine((change) => Object.keys(change).length > 0, 'must have name, requireSecondFactor, or both')
  .meta({ minProperties: 1, examples: [{ name: 'Analytical Engines', requireSecondFactor: true }] });
export type OrganizationChange = z.output<typeof organizationChange>;

@Injectable()
export class ChangeOrganization {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  async change(
    caller: Caller,
    { name, requireSecondFactor }: OrganizationChange,
    ifMatch: string | undefined,
  ): Promise<{ readonly version: number } | OrganizationRejection> {
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const commands: OrganizationCommand[] = [
      ...(name === undefined ? [] : [{ type: 'rename' as const, name }]),
      ...(requireSecondFactor === undefined
        ? []
        : [{ type: 'require-second-factor' as const, required: requireSecondFactor }]),
    ];
    return this.store.transact(organizationOf(caller), envelopeOf(caller, at), async (unit) => {
      let expected = ifMatch;
      let version = await organizationVersion(unit);
      for (const command of commands) {
        const changed = await changeAtVersion(unit, command, expected);
        if (isRejected(changed)) return changed;
        ({ version } = changed);
        if (expected !== undefined) expected = etagOf(version);
      }
      return { version };
    });
  }
}
