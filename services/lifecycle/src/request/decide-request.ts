/** @promise P10 whoever decides about the data decides about the request: the organization's owners and admins, or the operator's */
import { Injectable } from '@nestjs/common';
import { refusalGrounds } from '@vouchsafe/contracts';
import { userId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, expiry, organizationOf, plainLine } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { DataRequestCommand, DataRequestRejection } from './data-request.decider.js';
import { type DataRequestView, viewOf } from './data-request.view.js';
import { DataRequests } from './data-requests.js';
import { People } from './people.js';

export const acceptance = z
  .strictObject({
    userId: userId
      .optional()
      .describe('The account that the request is about, where it does not say so: one of your organization'),
  })
  .meta({ id: 'DataRequestAcceptance', examples: [{}] });
export const refusal = z
  .strictObject({
    ground: z.enum(refusalGrounds).describe('On which ground it is refused'),
    reasons: plainLine(2000, 'Why, in words that whoever asked understands: they are sent to them'),
  })
  .meta({
    id: 'DataRequestRefusal',
    examples: [
      { ground: 'legal-obligation', reasons: 'The law requires us to keep the payroll until 2030.' },
    ],
  });
export const extension = z
  .strictObject({ reasons: plainLine(2000, 'Why it takes longer: it is sent to whoever asked') })
  .meta({
    id: 'DataRequestExtension',
    examples: [{ reasons: 'The request concerns ten years of records.' }],
  });
export const fulfilment = z
  .strictObject({ statement: plainLine(2000, 'What was done, by hand: it is sent to whoever asked') })
  .meta({
    id: 'DataRequestFulfilment',
    examples: [{ statement: 'We sent you the copy of your data by registered mail.' }],
  });
export const notifiedRecipients = z
  .strictObject({
    recipients: z
      .array(
        z.strictObject({
          name: plainLine(200, 'Who got the data: a processor, or another recipient'),
          notifiedAt: expiry.describe('When the recipient was told'),
          confirmedAt: expiry
            .nullish()
            .describe('When the recipient confirmed; null or left out where it has not'),
        }),
      )
      .max(100)
      .describe('Empty where nobody got the data'),
  })
  .meta({ id: 'DataRequestRecipients', examples: [{ recipients: [] }] });
export const lifting = z
  .strictObject({ reasons: plainLine(2000, 'Why the restriction is lifted: it is sent to whoever asked') })
  .meta({ id: 'RestrictionLifting', examples: [{ reasons: 'The data was found to be correct.' }] });
export const closure = z
  .strictObject({
    toldOtherwise: z
      .boolean()
      .default(false)
      .describe(
        'Whoever asked was told of the outcome in another way, such as a letter, because no email arrives',
      ),
  })
  .meta({ id: 'DataRequestClosure', examples: [{}] });

export type DecidingRejection =
  DataRequestRejection | { readonly rejected: 'unknown-person' | 'approve-instead' };

@Injectable()
export class DecideRequest {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly people: People,
    private readonly requests: DataRequests,
  ) {}

  requestIdentity(caller: Caller, id: string): Promise<DataRequestView | DataRequestRejection> {
    return this.decide(caller, id, (at) => ({ type: 'request-identity', at }));
  }

  confirmIdentity(caller: Caller, id: string): Promise<DataRequestView | DataRequestRejection> {
    return this.decide(caller, id, (at) => ({ type: 'confirm-identity', at }));
  }

  async accept(
    caller: Caller,
    id: string,
    { userId: named }: z.output<typeof acceptance>,
  ): Promise<DataRequestView | DecidingRejection> {
    const about = named ?? null;
    if (about !== null) {
      const { status } = await this.people.find(organizationOf(caller), about);
      if (status === 'unknown') return { rejected: 'unknown-person' };
    }
    return this.decide(caller, id, () => ({ type: 'accept', userId: about }));
  }

  refuse(
    caller: Caller,
    id: string,
    refused: z.output<typeof refusal>,
  ): Promise<DataRequestView | DataRequestRejection> {
    return this.decide(caller, id, (at) => ({ type: 'refuse', ...refused, at }));
  }

  extend(
    caller: Caller,
    id: string,
    { reasons }: z.output<typeof extension>,
  ): Promise<DataRequestView | DataRequestRejection> {
    return this.decide(caller, id, (at) => ({ type: 'extend', reasons, at }));
  }

  /** What software can carry out is not stated by hand. */
  async fulfil(
    caller: Caller,
    id: string,
    { statement }: z.output<typeof fulfilment>,
  ): Promise<DataRequestView | DecidingRejection> {
    const organizationId = organizationOf(caller);
    const state = await this.requests.load(caller, id);
    if (state.kind === 'erasure' && state.userId !== null) {
      const person = await this.people.find(organizationId, state.userId);
      if (person.status === 'known' && !person.isErased) return { rejected: 'approve-instead' };
    }
    return this.decide(caller, id, (at) => ({ type: 'fulfil', statement, at }));
  }

  announceLifting(
    caller: Caller,
    id: string,
    { reasons }: z.output<typeof lifting>,
  ): Promise<DataRequestView | DataRequestRejection> {
    return this.decide(caller, id, (at) => ({ type: 'announce-lifting', reasons, at }));
  }

  noteRecipients(
    caller: Caller,
    id: string,
    { recipients }: z.output<typeof notifiedRecipients>,
  ): Promise<DataRequestView | DataRequestRejection> {
    const noted = recipients.map(({ confirmedAt = null, ...one }) => ({ ...one, confirmedAt }));
    return this.decide(caller, id, () => ({ type: 'note-recipients', recipients: noted }));
  }

  close(
    caller: Caller,
    id: string,
    { toldOtherwise: isToldOtherwise }: z.output<typeof closure>,
  ): Promise<DataRequestView | DataRequestRejection> {
    return this.decide(caller, id, (at) => ({ type: 'close', isToldOtherwise, at }));
  }

  private async decide(
    caller: Caller,
    id: string,
    commandAt: (at: Date) => DataRequestCommand,
  ): Promise<DataRequestView | DataRequestRejection> {
    const at = this.clock.now();
    await this.requests.load(caller, id);
    return this.store.transact(organizationOf(caller), envelopeOf(caller, at), async (unit) => {
      const done = await this.requests.execute(unit, id, commandAt(at));
      return 'rejected' in done ? done : viewOf(done.state, at, []);
    });
  }
}
