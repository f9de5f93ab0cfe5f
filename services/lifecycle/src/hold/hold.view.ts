import { holdScope, serviceName, serviceNames } from '@vouchsafe/contracts';
import { isErased, type Personal } from '@vouchsafe/event-sourcing';
import { problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { Hold } from './hold.decider.js';

const time = z.iso.datetime();

const holdStatus = z
  .enum(['pending', 'in-force', 'releasing', 'released'])
  .describe(
    '`pending`: not every service has confirmed it yet, and one that has not may still be destroying something; `in-force`: nothing that it ' +
      'covers is destroyed; `releasing`: released, and not every service has ended it; `released`: it has ended everywhere',
  );

const summary = {
  holdId: z.uuid().describe('Id of the hold'),
  organizationId: z.uuid().describe('The organization whose data is held'),
  status: holdStatus,
  reviewDueAt: time.describe(
    'When somebody must look whether it is still needed; it stays in force in any case',
  ),
  reviewOverdue: z.boolean().describe('Whether that time has passed'),
};
export const holdSummary = z
  .strictObject({ ...summary, placedAt: time.describe('When it was placed') })
  .meta({ id: 'HoldSummary' });

export const holdView = z
  .strictObject({
    ...summary,
    scope: holdScope.describe('What of the organization’s data is held'),
    reason: z.string().nullable().describe('Null where it can no longer be read'),
    placedBy: z
      .strictObject({
        type: z.string().describe('Kind of actor, such as `user`'),
        id: z.string().describe('Id among its kind'),
      })
      .describe('Who placed it'),
    until: time
      .nullable()
      .describe('Until when it is expected to be needed. It does not end then: a review is due'),
    waitingFor: z
      .array(serviceName)
      .describe('The services that have not confirmed the hold, or, when it is released, not its end'),
    releaseReason: z.string().nullable().describe('Why it was released; null while it is not'),
  })
  .meta({ id: 'Hold' });
export type HoldView = z.infer<typeof holdView>;

/** @throws the problem `not-found` where there is none */
export function viewOf(state: Hold, now: Date): HoldView {
  if (state.status === 'absent') throw problem('not-found');
  const { holdId, heldOrganizationId, status, scope, placedBy, until, reviewDueAt } = state;
  const done = 'ended' in state ? state.ended : state.confirmed;
  return {
    ...{ holdId, organizationId: heldOrganizationId, status, scope, placedBy, until, reviewDueAt },
    reviewOverdue: status !== 'released' && new Date(reviewDueAt) < now,
    reason: readable(state.reason),
    waitingFor: serviceNames.filter((name) => !done.has(name)),
    releaseReason: 'releaseReason' in state ? readable(state.releaseReason) : null,
  };
}

function readable(text: Personal<string> | null): string | null {
  return isErased(text) ? null : text;
}
