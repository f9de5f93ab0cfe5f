/** @promise P10 hands a request over to whoever decides about the data: the customer, or the operator (Articles 4(7), 28(3)(e) GDPR) */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, Ids, organizationOf } from '@vouchsafe/service-host';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import type { DataRequestRejection } from './data-request.decider.js';
import { type DataRequestView, readable, viewOf } from './data-request.view.js';
import { DataRequests } from './data-requests.js';

export const transfer = z
  .strictObject({
    organizationId: z
      .uuid()
      .optional()
      .describe(
        'The organization that decides about the data; the operator alone can name one. Left out: the operator',
      ),
  })
  .meta({ id: 'DataRequestTransfer', examples: [{}] });

export type TransferringRejection =
  DataRequestRejection | { readonly rejected: 'only-to-operator' | 'unknown-organization' | 'already-here' };

@Injectable()
export class TransferRequest {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly operator: Operator,
    private readonly requests: DataRequests,
  ) {}

  /** Both in one transaction, as `worker`: nobody else writes into two organizations. The time to answer goes on. */
  async transfer(
    caller: Caller,
    id: string,
    { organizationId: named }: z.output<typeof transfer>,
  ): Promise<DataRequestView | TransferringRejection> {
    const at = this.clock.now();
    await this.requests.load(caller, id);
    const from = organizationOf(caller);
    const to = named ?? this.operator.organizationId;
    if (to === from) return { rejected: 'already-here' };
    if (!this.operator.is(from) && !this.operator.is(to)) return { rejected: 'only-to-operator' };
    return this.database.asWorker(async (transaction) => {
      const entityManager = await transaction.entityManager();
      const known = await entityManager.findOne(OrganizationRow, { organizationId: to });
      if (!known && !this.operator.is(to)) return { rejected: 'unknown-organization' };
      const ours = this.store.unit(transaction, from, envelopeOf(caller, at));
      const done = await this.requests.execute(ours, id, { type: 'transfer', toOrganizationId: to, at });
      if ('rejected' in done) return done;
      const { kind, receivedAt, contact, text, channel } = done.state;
      const dataRequestId = this.ids.newId();
      const received = await this.requests.execute(this.requests.unit(transaction, to), dataRequestId, {
        type: 'receive',
        received: {
          ...{ dataRequestId, contactId: this.ids.newId(), receiptId: this.ids.newId() },
          // Who it is about is known in the organization that it came from alone.
          ...{ kind, userId: null, contact: readable(contact), text: readable(text), receivedAt, channel },
        },
        at,
      });
      if ('rejected' in received) throw new Error(`A transferred request was rejected: ${received.rejected}`);
      return viewOf(done.state, at, []);
    });
  }
}
