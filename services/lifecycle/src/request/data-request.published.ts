import { type Contract, type Fact, factOf, lifecycleFacts } from '@vouchsafe/contracts';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { DataRequestEvent } from './data-request.events.js';

type Recorded<Type extends DataRequestEvent['type']> = RecordedEvent<
  Extract<DataRequestEvent, { readonly type: Type }>
>;

/** Addresses, and what was asked and answered, stay here: no service needs them. */
const facts: {
  readonly [Type in DataRequestEvent['type']]: (event: Recorded<Type>) => readonly Fact[];
} = {
  'data-request-entered': (event) => told(lifecycleFacts.dataRequestEntered, event),
  'data-request-confirmed': (event) => {
    const { kind, receivedAt } = event.data;
    const received = { kind, receivedAt, userId: null, channel: 'outside' };
    return told(lifecycleFacts.dataRequestReceived, event, received);
  },
  'data-request-received': (event) => {
    const { kind, receivedAt, userId, channel } = event.data;
    return told(lifecycleFacts.dataRequestReceived, event, { kind, receivedAt, userId, channel });
  },
  'data-request-identity-requested': (event) => told(lifecycleFacts.dataRequestIdentityRequested, event),
  'data-request-identity-confirmed': (event) => told(lifecycleFacts.dataRequestIdentityConfirmed, event),
  'data-request-accepted': (event) =>
    told(lifecycleFacts.dataRequestAccepted, event, { userId: event.data.userId }),
  'data-request-refused': (event) =>
    told(lifecycleFacts.dataRequestRefused, event, { ground: event.data.ground }),
  'data-request-extended': (event) =>
    told(lifecycleFacts.dataRequestExtended, event, { dueAt: event.data.dueAt }),
  'data-request-scoped': () => [],
  'data-request-erasure-approved': (event) => {
    const { userId, erasureId, previewHash } = event.data;
    return told(lifecycleFacts.dataRequestErasureApproved, event, { userId, erasureId, previewHash });
  },
  'data-request-erasure-receipt-received': () => [],
  'data-request-erasure-stopped': (event) => {
    const { erasureId, reason } = event.data;
    return told(lifecycleFacts.dataRequestErasureStopped, event, { erasureId, reason });
  },
  'data-request-archive-requested': (event) => {
    const { userId, archiveId: returnId } = event.data;
    return told(lifecycleFacts.dataRequestArchiveRequested, event, { userId, returnId });
  },
  'data-request-archive-stopped': () => [],
  'data-request-fulfilled': (event) => {
    const { statement, exceptions } = event.data;
    return told(lifecycleFacts.dataRequestFulfilled, event, { carriedOut: statement === null, exceptions });
  },
  'data-request-recipients-notified': (event) => {
    const { recipients } = event.data;
    const unconfirmed = recipients.filter(({ confirmedAt }) => confirmedAt === null).length;
    return told(lifecycleFacts.dataRequestRecipientsNotified, event, {
      ...{ recipients: recipients.length, unconfirmed },
    });
  },
  'data-request-notice-sent': () => [],
  'data-request-lifting-announced': (event) => told(lifecycleFacts.dataRequestLiftingAnnounced, event),
  'data-request-transferred': (event) =>
    told(lifecycleFacts.dataRequestTransferred, event, { toOrganizationId: event.data.toOrganizationId }),
  'data-request-closed': (event) => told(lifecycleFacts.dataRequestClosed, event),
  'data-request-expired': ({ data: { dataRequestId, expired }, organizationId, envelope }) =>
    factOf(lifecycleFacts.dataRequestExpired, {
      ...{ organizationId, envelope, data: { dataRequestId, expired } },
    }),
};

export function publishDataRequest(event: RecordedEvent<DataRequestEvent>): readonly Fact[] {
  // Each takes the events of its own type.
  return facts[event.type](event as never);
}

function told(
  contract: Contract,
  { data: { dataRequestId, contactId }, organizationId, envelope }: RecordedEvent<DataRequestEvent>,
  more: object = {},
): readonly Fact[] {
  return factOf(contract, { organizationId, envelope, data: { dataRequestId, contactId, ...more } });
}
