/** @promise P10 carries out the erasures that requests ask for, and tells whoever asked */
import { Controller } from '@nestjs/common';
import { type DataOf, type DataRequestNotice, lifecycleFacts } from '@vouchsafe/contracts';
import { isRejected, type OrganizationId, type UserId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Ids } from '@vouchsafe/service-host';
import { dataRequestNoticesAggregate } from '../data-request/data-request-notices.aggregate.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { BeginErasure } from '../erasure/begin-erasure.js';
import { erasureAggregate } from '../erasure/erasure.aggregate.js';
import { noteUse } from '../unused-account/note-use.js';

/** Facts of which whoever asked is told by email, and what they are told. */
const told = new Map<string, DataRequestNotice>([
  [lifecycleFacts.dataRequestEntered.type, 'confirm'],
  [lifecycleFacts.dataRequestReceived.type, 'received'],
  [lifecycleFacts.dataRequestIdentityRequested.type, 'identity-requested'],
  [lifecycleFacts.dataRequestRefused.type, 'refused'],
  [lifecycleFacts.dataRequestExtended.type, 'extended'],
  [lifecycleFacts.dataRequestFulfilled.type, 'fulfilled'],
  [lifecycleFacts.dataRequestLiftingAnnounced.type, 'restriction-ends'],
]);
const noticed = [
  lifecycleFacts.dataRequestEntered,
  lifecycleFacts.dataRequestReceived,
  lifecycleFacts.dataRequestIdentityRequested,
  lifecycleFacts.dataRequestRefused,
  lifecycleFacts.dataRequestExtended,
  lifecycleFacts.dataRequestFulfilled,
  lifecycleFacts.dataRequestLiftingAnnounced,
];

type Approved = DataOf<typeof lifecycleFacts.dataRequestErasureApproved>;

@Controller()
export class DataRequestsController {
  constructor(
    private readonly store: EventStore,
    private readonly ids: Ids,
    private readonly emails: EmailOutbox,
    private readonly beginErasure: BeginErasure,
  ) {}

  /** Each notice once, however often the fact comes. The address is asked of lifecycle when the email is sent. */
  @ReactsTo(noticed, { permission: 'lifecycle:write' })
  async tell(
    { type, data, time }: Received<DataOf<(typeof noticed)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    if ('userId' in data && typeof data.userId === 'string') await noteUse(transaction, data.userId, time);
    const { organizationId, dataRequestId, contactId } = data;
    const notice = told.get(type);
    if (!notice) throw new Error(`No notice for ${type}`);
    await this.emails.post(transaction, {
      organizationId,
      subjectId: contactId,
      content: { kind: 'data-request-notice', dataRequestId, notice },
      idempotencyKey: `data-request-notice:${dataRequestId}:${notice}`,
    });
  }

  /** Whoever asks for something about their data is not anonymized while they are answered (P03): whose account it is may be known only now. */
  @ReactsTo(lifecycleFacts.dataRequestAccepted, { permission: 'lifecycle:write' })
  async keepAccount(
    { data, time }: Received<DataOf<typeof lifecycleFacts.dataRequestAccepted>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    if (data.userId !== null) await noteUse(transaction, data.userId, time);
  }

  /**
   * In a transaction of its own, with the rights of a request, as every erasure begins; safe to repeat. What lifecycle could not know when it
   * was approved is told to it.
   */
  @ReactsTo(lifecycleFacts.dataRequestErasureApproved, { permission: 'members:write' })
  async erase({ data, time }: Received<Approved>): Promise<void> {
    const { organizationId, userId, erasureId, dataRequestId } = data;
    const done = await this.transact(organizationId, time, async (unit) => {
      const { state } = await unit.load(erasureAggregate, userId);
      if (state.status !== 'absent')
        return state.erasureId === erasureId ? null : ({ rejected: 'already-requested' } as const);
      const known = await unit.query('select from account where user_id = $1', [userId]);
      if (known.length === 0) return { rejected: 'no-such-person' } as const;
      const begun = await this.beginErasure.begin(unit, { organizationId, userId, erasureId, by: userId });
      return 'rejected' in begun ? begun : null;
    });
    if (done === null) return;
    if (
      done.rejected !== 'last-owner' &&
      done.rejected !== 'already-requested' &&
      done.rejected !== 'no-such-person'
    )
      throw new Error(`An approved erasure was rejected: ${done.rejected}`);
    const refused = { organizationId, dataRequestId, userId, erasureId, reason: done.rejected } as const;
    await this.transact(organizationId, time, (unit) =>
      unit.execute(dataRequestNoticesAggregate, dataRequestId, {
        type: 'subject-erasure-refused',
        data: refused,
      }),
    );
  }

  /** As an invitation that nobody accepted: the id stands for whoever asked, and is erased in every service, whatever a restore brings back. */
  @ReactsTo(lifecycleFacts.dataRequestExpired, { permission: 'members:write' })
  async forget(
    { data, time }: Received<DataOf<typeof lifecycleFacts.dataRequestExpired>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, expired } = data;
    const [first = '', ...others] = expired;
    const noted = await this.store
      .unit(transaction, organizationId, envelopeAt(time))
      .execute(erasureAggregate, first, {
        type: 'request',
        ...{ organizationId, userId: first as UserId, erasureId: this.ids.newId() },
        subjects: [first, ...others],
      });
    if (isRejected(noted))
      throw new Error(`An erasure of what is no longer needed was rejected: ${noted.rejected}`);
  }

  private transact<Result>(
    organizationId: OrganizationId,
    time: Date,
    work: (unit: UnitOfWork) => Promise<Result>,
  ): Promise<Result> {
    return this.store.transact(organizationId, envelopeAt(time), work);
  }
}

function envelopeAt(occurredAt: Date) {
  const actor = { type: 'service', id: 'lifecycle' } as const;
  return { actor, occurredAt, requestId: null };
}
