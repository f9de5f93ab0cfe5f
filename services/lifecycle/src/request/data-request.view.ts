import { dataRequestKinds, refusalGrounds, retained, serviceName, serviceNames } from '@vouchsafe/contracts';
import { isErased, type Personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { isOpen } from './data-request.decider.js';
import type { There } from './data-requests.js';
import { datesOf } from './request-dates.js';

const time = z.iso.datetime();

export const shownStatuses = [
  'received',
  'identity-pending',
  'accepted',
  'scoped',
  'executing',
  'partial',
  'refused',
  'fulfilled',
  'fulfilled-with-exceptions',
  'recipients-notified',
  'closed',
] as const;

const summary = {
  dataRequestId: z.uuid(),
  kind: z.enum(dataRequestKinds).describe('The right that is exercised (Articles 15 to 21 GDPR)'),
  status: z
    .enum(shownStatuses)
    .describe(
      '`received`: nobody has decided yet; `identity-pending`: the time stands still until the person has shown who they are; `accepted`; ' +
        '`scoped`: an erasure was previewed; `executing`: approved, or an archive is put together; `partial`: some services have erased; `refused`; `fulfilled`; ' +
        '`fulfilled-with-exceptions`: something must be kept; `recipients-notified`: whoever got the data was told; `closed`',
    ),
  userId: z.uuid().nullable().describe('The user whom it is about; null where no account is known'),
  receivedAt: time,
  dueAt: time
    .nullable()
    .describe('By when it must be answered; null where it was answered, or the time stands still'),
  overdue: z.boolean().describe('Whether that time has passed'),
};
export const dataRequestSummary = z.strictObject(summary).meta({ id: 'DataRequestSummary' });

const receipt = z
  .strictObject({
    service: serviceName.describe('The service that has erased the person'),
    keysDestroyed: z.int().describe('How many versions of the person’s keys this service destroyed'),
    destroyedAt: time,
    effectiveFrom: time.describe('From this instant no process of the service held an opened key'),
    retained: z.array(retained).describe('What stays because the law asks for it'),
  })
  .meta({ id: 'DataRequestErasureReceipt' });

const erasure = z
  .strictObject({
    erasureId: z.uuid(),
    receipts: z.array(receipt).describe('One of each service that has erased the person'),
    waitingFor: z.array(serviceName).describe('The services that have not'),
    heldBy: z
      .array(z.uuid())
      .describe(
        'Legal holds that stop it, for those with the permission `holds:read`; it goes on when they are released',
      ),
  })
  .meta({ id: 'DataRequestErasure' });

const recipient = z
  .strictObject({
    name: z.string().nullable().describe('Null where it can no longer be read'),
    notifiedAt: time,
    confirmedAt: time.nullable().describe('Null where the recipient has not confirmed'),
  })
  .meta({ id: 'DataRequestRecipient' });

const words = z.string().nullable();
export const dataRequestView = z
  .strictObject({
    ...summary,
    channel: z
      .enum(['inside', 'outside'])
      .describe('`outside`: sent without an account, and confirmed by a link in an email'),
    targetAt: time.describe('When we mean to have answered: 28 days after receipt'),
    extendableUntil: time.describe('Until then the time can be extended, once'),
    text: words.describe('What was asked for, in the words of whoever asked'),
    email: words.describe('Where whoever asked is answered; null once the request is closed'),
    told: z.array(z.string()).describe('Notices that whoever asked was sent by email'),
    extension: z
      .strictObject({
        reasons: words.describe('Why it takes longer, as whoever asked was told'),
        dueAt: time,
      })
      .nullable()
      .describe('Null where the time was not extended'),
    refusal: z
      .strictObject({
        ground: z.enum(refusalGrounds).describe('On which ground it was refused'),
        reasons: words.describe('Why, as whoever asked was told'),
      })
      .nullable()
      .describe('Null where it was not refused'),
    erasure: erasure.nullable().describe('Null where none was approved'),
    fulfilment: z
      .strictObject({
        fulfilledAt: time,
        statement: words.describe('What was done by hand; null where software carried it out'),
        exceptions: z.array(retained).describe('What stays, and on which ground'),
        hasArchive: z
          .boolean()
          .describe('Whether an archive answers it: it can be downloaded until it is deleted'),
        recipients: z.array(recipient).describe('Whoever got the data and was told (Article 19 GDPR)'),
      })
      .nullable()
      .describe('Null where it is not fulfilled'),
    lifting: z
      .strictObject({ reasons: words.describe('Why, as whoever asked was told'), announcedAt: time })
      .nullable()
      .describe('Of a restriction: that it ends with the closure was announced (Article 18(3) GDPR)'),
    transferredTo: z
      .uuid()
      .nullable()
      .describe('The organization that it was handed over to, because it decides about the data'),
    closedAt: time.nullable(),
    receiptId: z
      .uuid()
      .describe('Of the address, open to anybody who has it, that shows the state and the receipt'),
  })
  .meta({ id: 'DataRequest' });
export type DataRequestView = z.infer<typeof dataRequestView>;

/** @param heldBy the holds that whoever asks may know of */
export function viewOf(state: There, now: Date, heldBy: readonly string[]): DataRequestView {
  const { dataRequestId, kind, channel, userId, receivedAt, receiptId, told, extension } = state;
  const status = z.enum(shownStatuses).parse(state.status);
  const dates = datesOf(
    { receivedAt: new Date(receivedAt), isExtended: extension !== null, waiting: state.waiting },
    now,
  );
  const isDue = isOpen(state) && state.status !== 'identity-pending';
  const done = state.status === 'closed' ? state.outcome : state;
  const carriedOut = 'erasure' in done ? done.erasure : 'erasureId' in state ? state : null;
  return {
    ...{ dataRequestId, kind, status, channel, userId, receivedAt, receiptId, told: [...told] },
    dueAt: isDue ? dates.dueAt.toISOString() : null,
    overdue: isDue && dates.dueAt < now,
    targetAt: dates.targetAt.toISOString(),
    extendableUntil: dates.extendableUntil.toISOString(),
    text: readable(state.text),
    email: readable(state.contact),
    extension: extension && { reasons: readable(extension.reasons), dueAt: extension.dueAt },
    refusal: 'ground' in done ? { ground: done.ground, reasons: readable(done.reasons) } : null,
    erasure: carriedOut && {
      erasureId: carriedOut.erasureId,
      receipts: carriedOut.receipts.map((one) => ({ ...one, retained: [...one.retained] })),
      waitingFor: serviceNames.filter((name) => !carriedOut.receipts.some(({ service }) => service === name)),
      heldBy: [...heldBy],
    },
    fulfilment:
      'fulfilledAt' in done
        ? {
            fulfilledAt: done.fulfilledAt,
            statement: readable(done.statement),
            exceptions: [...done.exceptions],
            hasArchive: done.archiveId !== null,
            recipients: ('recipients' in done ? done.recipients : []).map((one) => ({
              ...{ ...one, name: readable(one.name) },
            })),
          }
        : null,
    lifting: state.lifting && { ...state.lifting, reasons: readable(state.lifting.reasons) },
    transferredTo: 'transferredTo' in done ? done.transferredTo : null,
    closedAt: state.status === 'closed' ? state.closedAt : null,
  };
}

export function readable(text: Personal<string> | null): string | null {
  return isErased(text) ? null : text;
}
