import { retained, serviceName, serviceNames } from '@vouchsafe/contracts';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { heldBecause, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
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
        'Which data of the person is left in identity although the keys are destroyed; null where none is',
      ),
  })
  .meta({ id: 'Erasure' });
export type ErasureView = z.infer<typeof erasureView>;

/** @throws the problem `not-found` where none was asked for */
export async function viewOf(unit: UnitOfWork, state: PersonErasure): Promise<ErasureView> {
  if (state.status === 'absent') throw problem('not-found');
  const { erasureId, userId, receipts } = state;
  const [begun] = await unit.query<{ held_because: string | null }>(
    'select held_because from erasure where erasure_id = $1 and destroyed_at is not null',
    [erasureId],
  );
  const held = z
    .enum(heldBecause)
    .nullable()
    .parse(begun?.held_because ?? null);
  const ownStatus = held === null ? 'executing' : 'partial';
  return {
    erasureId,
    userId,
    status: state.status === 'requested' && begun ? ownStatus : state.status,
    receipts: receipts.map((one) => ({ ...one, retained: [...one.retained] })),
    waitingFor: serviceNames.filter((name) => !receipts.some(({ service }) => service === name)),
    heldBecause: held,
  };
}
