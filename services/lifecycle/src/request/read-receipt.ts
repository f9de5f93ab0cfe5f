/** @promise P10 anyone with the address sees how far a request is, and the receipt */
import { Injectable } from '@nestjs/common';
import { dataRequestKinds } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { Clock } from '@vouchsafe/service-host';
import { z } from 'zod';
import { dataRequestAggregate } from './data-request.aggregate.js';
import { shownStatuses, viewOf } from './data-request.view.js';
import { DataRequests } from './data-requests.js';

const time = z.iso.datetime();
export const receiptView = z
  .strictObject({
    kind: z.enum(dataRequestKinds).describe('The right that is exercised'),
    status: z.enum(shownStatuses).describe('How far the request is'),
    receivedAt: time,
    dueAt: time
      .nullable()
      .describe('By when it will be answered; null where it was, or the time stands still'),
    receipt: z
      .string()
      .nullable()
      .describe(
        'The receipt of an erasure: a signed note (c2sp.org/signed-note) by the key that signs certificates; null where there is none',
      ),
  })
  .meta({ id: 'DataRequestReceipt' });

@Injectable()
export class ReadReceipt {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly requests: DataRequests,
  ) {}

  /** @returns undefined where there is no such address, or its request is not confirmed, or no longer kept */
  read(receiptId: string): Promise<z.infer<typeof receiptView> | undefined> {
    return this.database.asWorker(async (transaction) => {
      const [row] = await transaction.query<{ id: string; organization_id: string; receipt: string | null }>(
        'select data_request_id as id, organization_id, receipt from data_request where receipt_id = $1',
        [receiptId],
      );
      if (!row) return undefined;
      const unit = this.requests.unit(transaction, row.organization_id);
      const { state } = await unit.load(dataRequestAggregate, row.id);
      if (state.status === 'absent' || state.status === 'unconfirmed' || state.status === 'retired')
        return undefined;
      const { kind, status, receivedAt, dueAt } = viewOf(state, this.clock.now(), []);
      return { kind, status, receivedAt, dueAt, receipt: row.receipt };
    });
  }
}
