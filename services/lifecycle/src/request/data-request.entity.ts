import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { dataRequestKinds } from '@vouchsafe/contracts';
import type { DataRequest } from './data-request.decider.js';

const time = () => p.string().columnType('timestamptz');

/** The register of requests. What was asked, by whom and why it was decided stands in the streams alone. */
export const DataRequestRow = defineEntity({
  name: 'DataRequest',
  tableName: 'data_request',
  properties: {
    dataRequestId: p.uuid().primary(),
    /** The controller's: whose members decide. */
    organizationId: p.uuid(),
    kind: p.text().$type<(typeof dataRequestKinds)[number]>(),
    status: p.text().$type<DataRequest['status']>(),
    userId: p.uuid().nullable(),
    receivedAt: time(),
    /** Until when it must be answered; null where nothing is to be answered, or the clock stands still. */
    dueAt: time().nullable(),
    erasureId: p.uuid().nullable(),
    receiptId: p.uuid(),
    /** The signed receipt; null until there is one. */
    receipt: p.text().nullable(),
    /** Keyed hash of an address that is not confirmed yet, so that nobody fills a mailbox. */
    contactHash: p.blob().nullable(),
    /** When something of it is no longer needed. */
    followAt: time().nullable(),
  },
  uniques: [
    { name: 'data_request_receipt_id_key', properties: ['receiptId'] },
    { name: 'data_request_received_at_data_request_id_key', properties: ['receivedAt', 'dataRequestId'] },
  ],
  indexes: [
    { name: 'data_request_follow_at', properties: ['followAt'] },
    { name: 'data_request_erasure_id', properties: ['erasureId'] },
  ],
});
export type DataRequestRow = InferEntity<typeof DataRequestRow>;
