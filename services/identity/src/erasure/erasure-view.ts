import { retained, serviceName, serviceNames } from '@vouchsafe/contracts';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, heldBecause, holdsCovering, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { unusedAccountAggregate } from '../unused-account/unused-account.aggregate.js';
import type { PersonErasure } from './erasure.decider.js';

const receiptView = z
  .strictObject({
    service: serviceName.describe('The service that gives the receipt'),
    keysDestroyed: z.int().describe('How many versions of the person’s keys this service destroyed'),
    destroyedAt: z.iso.datetime(),
    effectiveFrom: z.iso
      .datetime()
      .describe('From this instant no process of the service held an opened key'),
    retained: z
      .array(retained)
      .describe(
        'What stays of the person because the law asks for it: what, on which ground, until which day',
      ),
  })
  .meta({ id: 'ErasureReceipt' });

export const erasureView = z
  .strictObject({
    erasureId: z.uuid(),
    userId: z.uuid(),
    ground: z
      .enum(['unused'])
      .nullable()
      .describe(
        '`unused`: nobody had used the account for 12 months; null where it was begun for another reason',
      ),
    status: z
      .enum(['requested', 'executing', 'partial', 'erased'])
      .describe(
        '`requested`: nothing is destroyed yet; `executing`: no receipt yet; `partial`: some receipts are missing, or something is left ' +
          'that no destroyed key covered; `erased`: every service has destroyed its keys',
      ),
    receipts: z.array(receiptView).describe('One of each service that has destroyed its keys'),
    waitingFor: z.array(serviceName).describe('The services that have not'),
    heldBecause: z
      .enum(heldBecause)
      .nullable()
      .describe(
        '`legal-hold`: a legal hold stops the erasure, which goes on by itself when the hold is released; otherwise which data of the person is ' +
          'left in identity although the keys are destroyed; null where nothing is',
      ),
    heldBy: z
      .array(z.uuid())
      .describe(
        'The legal holds that stop it, for those with the permission `holds:read`; empty for all others',
      ),
  })
  .meta({ id: 'Erasure' });
export type ErasureView = z.infer<typeof erasureView>;

/** @throws the problem `not-found` where none was asked for */
export async function viewOf(unit: UnitOfWork, state: PersonErasure, caller: Caller): Promise<ErasureView> {
  if (state.status === 'absent') throw problem('not-found');
  const { erasureId, organizationId, userId, receipts } = state;
  const [own] = await unit.query<Own>(
    'select held_because, destroyed_at is not null as destroyed, subjects, receipt_at is not null as done from erasure where erasure_id = $1',
    [erasureId],
  );
  const { state: unused } = await unit.load(unusedAccountAggregate, userId);
  const subjects = [userId, ...(own?.subjects ?? [])];
  const holds = own?.done ? [] : await holdsCovering(unit, { organizations: [organizationId], subjects });
  const left = own?.destroyed ? z.enum(heldBecause).nullable().parse(own.held_because) : null;
  const held = holds.length > 0 ? 'legal-hold' : left === 'legal-hold' ? null : left;
  const ownStatus = left === null || left === 'legal-hold' ? 'executing' : 'partial';
  return {
    erasureId,
    userId,
    ground: unused.erasureId === erasureId ? 'unused' : null,
    status: state.status === 'requested' && own?.destroyed ? ownStatus : state.status,
    receipts: receipts.map((one) => ({ ...one, retained: [...one.retained] })),
    waitingFor: serviceNames.filter((name) => !receipts.some(({ service }) => service === name)),
    heldBecause: held,
    heldBy: caller.permissions.includes('holds:read') ? holds : [],
  };
}

/** Identity's own part. */
interface Own {
  readonly held_because: string | null;
  readonly destroyed: boolean;
  readonly done: boolean;
  readonly subjects: readonly string[];
}
