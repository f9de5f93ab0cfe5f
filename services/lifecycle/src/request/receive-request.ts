/** @promise P10 takes a request from a member, or from an owner or admin for whoever it came from */
import { Injectable } from '@nestjs/common';
import { dataRequestKinds } from '@vouchsafe/contracts';
import { userId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertAllowed,
  type Caller,
  Clock,
  createOnce,
  emailAddress,
  envelopeOf,
  expiry,
  Ids,
  organizationOf,
  plainLine,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { DataRequestRejection } from './data-request.decider.js';
import { type DataRequestView, viewOf } from './data-request.view.js';
import { DataRequests } from './data-requests.js';
import { assertPerson, People } from './people.js';

export const kind = z
  .enum(dataRequestKinds)
  .describe('The right that is exercised (Articles 15 to 18, 20 and 21 GDPR)');
const requestText = plainLine(2000, 'What is asked for, where the kind does not say it');

export const newDataRequest = z
  .strictObject({
    kind,
    userId: userId
      .nullish()
      .describe(
        'The member, current or former, whom the request is about. Left out, it is you. Only with a session, and only those with the permission `requests:write` can name ' +
          'another, or null for somebody without an account',
      ),
    email: emailAddress
      .optional()
      .describe(
        'Where whoever asks is answered. Without a session it is required, and a link is sent there first; with one, left out, it is the address of the ' +
          'member’s account, and only those with the permission `requests:write` can name another',
      ),
    organizationId: z
      .uuid()
      .optional()
      .describe(
        'Without a session: the organization that decides about the data. Left out, or unknown: the operator',
      ),
    text: requestText.optional(),
    receivedAt: expiry
      .optional()
      .describe(
        'When the request reached the organization, by whatever way, which may be in the past: the time to answer runs from it. Left out: now. ' +
          'Only with the permission `requests:write`',
      ),
  })
  .meta({
    id: 'NewDataRequest',
    examples: [{ kind: 'erasure' }, { kind: 'access', email: 'ada@example.com' }],
  });
export type NewDataRequest = z.output<typeof newDataRequest>;

export type ReceivingRejection =
  | DataRequestRejection
  | { readonly rejected: 'for-others' | 'unknown-person' | 'no-contact' | 'only-from-outside' };

@Injectable()
export class ReceiveRequest {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly people: People,
    private readonly requests: DataRequests,
  ) {}

  async receive(
    caller: Caller,
    body: NewDataRequest,
    key: string | undefined,
  ): Promise<DataRequestView | ReceivingRejection> {
    assertAllowed(caller, 'self');
    assertPerson(caller);
    if (body.organizationId !== undefined) return { rejected: 'only-from-outside' };
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    const own = userId.parse(caller.actor.id);
    const about = body.userId === undefined ? own : body.userId;
    // A stranger's mailbox is nobody's to fill.
    const isForOthers = about !== own || body.receivedAt !== undefined || body.email !== undefined;
    if (isForOthers && !caller.permissions.includes('requests:write')) return { rejected: 'for-others' };
    // The account's address goes with an erasure: what is answered then is sent to this copy.
    const person = about === null ? null : await this.people.find(organizationId, about);
    if (person?.status === 'unknown') return { rejected: 'unknown-person' };
    const contact = body.email ?? person?.email ?? null;
    if (contact === null && about === null) return { rejected: 'no-contact' };
    const once = { organizationId, caller, operation: 'data-request.make', key, request: body, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const dataRequestId = this.ids.newId();
        const done = await this.requests.execute(unit, dataRequestId, {
          type: 'receive',
          received: {
            ...{ dataRequestId, contactId: this.ids.newId(), receiptId: this.ids.newId() },
            ...{ kind: body.kind, userId: about, contact, text: body.text ?? null, channel: 'inside' },
            receivedAt: body.receivedAt ?? at.toISOString(),
          },
          at,
        });
        return 'rejected' in done ? done : { body: viewOf(done.state, at, []) };
      }),
    );
  }
}
