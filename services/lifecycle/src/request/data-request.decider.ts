/** @promise P10 what may be done about a request of a data subject, and in which order */
import { type DataRequestNotice, type Retained, retentionPolicies } from '@vouchsafe/contracts';
import { decider, type Personal, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import type { DataRequestEvent } from './data-request.events.js';
import { beyond, type PreviewItem } from './preview.js';
import { datesOf, plusMonths, type Waiting, waitedUntil } from './request-dates.js';

type Data<Type extends DataRequestEvent['type']> = Extract<DataRequestEvent, { readonly type: Type }>['data'];
type Entered = Data<'data-request-entered'>;
type Recipient = Data<'data-request-recipients-notified'>['recipients'][number];
export type ErasureReceiptOf = Omit<
  Data<'data-request-erasure-receipt-received'>,
  'dataRequestId' | 'contactId'
>;

interface Known extends Entered {
  readonly channel: 'inside' | 'outside';
  /** The account that it is about; null where there is none, or nobody has said so yet. */
  readonly userId: UserId | null;
  readonly waiting: Waiting;
  /** Set once the end of a restriction was announced. */
  readonly lifting: { readonly reasons: Personal<string>; readonly announcedAt: string } | null;
  readonly extension: { readonly reasons: Personal<string>; readonly dueAt: string } | null;
  readonly told: readonly DataRequestNotice[];
}
interface Scoped {
  readonly preview: { readonly hash: string; readonly items: readonly PreviewItem[] };
}
interface Executing extends Scoped {
  readonly erasureId: string;
  readonly receipts: readonly ErasureReceiptOf[];
}
/** The data of the person is being put into an archive. */
interface Archiving {
  readonly archiveId: string;
}
interface Refused {
  readonly ground: Data<'data-request-refused'>['ground'];
  readonly reasons: Personal<string>;
}
interface Fulfilled {
  readonly fulfilledAt: string;
  readonly statement: Personal<string> | null;
  readonly exceptions: readonly Retained[];
  /** Null where nothing was carried out by software. */
  readonly erasure: (Pick<Executing, 'erasureId' | 'receipts'> & { readonly previewHash: string }) | null;
  /** The archive that answers it; null where there is none. */
  readonly archiveId: string | null;
}
interface Closed {
  readonly closedAt: string;
  readonly outcome:
    | Refused
    | (Fulfilled & { readonly recipients: readonly Recipient[] })
    | { readonly transferredTo: string };
}

export type DataRequest =
  | { readonly status: 'absent' }
  | ({ readonly status: 'unconfirmed' } & Known)
  | ({ readonly status: 'received' | 'identity-pending' | 'accepted' } & Known)
  | ({ readonly status: 'scoped' } & Known & Scoped)
  | ({ readonly status: 'executing' | 'partial' } & Known & Executing)
  | ({ readonly status: 'executing' } & Known & Archiving)
  | ({ readonly status: 'refused' } & Known & Refused)
  | ({ readonly status: 'fulfilled' | 'fulfilled-with-exceptions' } & Known & Fulfilled)
  | ({ readonly status: 'recipients-notified' } & Known &
      Fulfilled & { readonly recipients: readonly Recipient[] })
  | ({ readonly status: 'closed' } & Known & Closed & { readonly isAddressGone: boolean })
  /** What was personal is gone; the events say when what was done. */
  | ({ readonly status: 'retired' } & Known);

export type OpenStatus = 'received' | 'identity-pending' | 'accepted' | 'scoped' | 'executing' | 'partial';
export type Open = Extract<DataRequest, { readonly status: OpenStatus }>;

export function isOpen(state: DataRequest): state is Open {
  return ['received', 'identity-pending', 'accepted', 'scoped', 'executing', 'partial'].includes(
    state.status,
  );
}

export type DataRequestCommand =
  | { readonly type: 'enter'; readonly entered: Entered }
  | { readonly type: 'confirm'; readonly at: Date }
  | { readonly type: 'receive'; readonly received: Data<'data-request-received'>; readonly at: Date }
  | { readonly type: 'request-identity' | 'confirm-identity'; readonly at: Date }
  | {
      readonly type: 'close';
      /** By a letter, where no email arrives. */
      readonly isToldOtherwise: boolean;
      readonly at: Date;
    }
  | { readonly type: 'accept'; readonly userId: UserId | null }
  | {
      readonly type: 'refuse';
      readonly ground: Refused['ground'];
      readonly reasons: string;
      readonly at: Date;
    }
  | { readonly type: 'extend'; readonly reasons: string; readonly at: Date }
  | { readonly type: 'scope'; readonly hash: string; readonly items: readonly PreviewItem[] }
  | {
      readonly type: 'approve';
      /** Of the preview that whoever approves has seen ... */
      readonly hash: string;
      /** ... and what is there now. */
      readonly now: readonly PreviewItem[];
      readonly erasureId: string;
    }
  | {
      readonly type: 'note-receipt';
      readonly erasureId: string;
      readonly receipt: ErasureReceiptOf;
      /** Every service that there is today. */
      readonly services: readonly string[];
      readonly at: Date;
    }
  | {
      readonly type: 'note-refusal';
      readonly erasureId: string;
      readonly reason: Data<'data-request-erasure-stopped'>['reason'];
    }
  | { readonly type: 'archive'; readonly archiveId: string }
  /** It is ready. */
  | { readonly type: 'note-archive'; readonly archiveId: string; readonly at: Date }
  | { readonly type: 'note-archive-deleted'; readonly archiveId: string }
  | { readonly type: 'fulfil'; readonly statement: string; readonly at: Date }
  | { readonly type: 'announce-lifting'; readonly reasons: string; readonly at: Date }
  | { readonly type: 'transfer'; readonly toOrganizationId: string; readonly at: Date }
  | { readonly type: 'note-recipients'; readonly recipients: readonly Recipient[] }
  | { readonly type: 'note-notice'; readonly notice: DataRequestNotice; readonly sentAt: string }
  /** Time has passed. */
  | { readonly type: 'advance'; readonly at: Date };

export type DataRequestRejection = {
  readonly rejected:
    | 'already-there'
    | 'not-there'
    | 'in-future'
    | 'wrong-state'
    | 'already-extended'
    | 'first-month-over'
    | 'no-account'
    | 'no-archive'
    | 'other-preview'
    | 'preview-changed'
    | 'recipients-not-notified'
    | 'lifting-not-announced'
    | 'not-told';
};

/** Days for which the link of a request from outside works. */
const CONFIRMABLE_DAYS = retentionPolicies['unconfirmed-requests'].period.days;
/** How long a closed request is kept: P03's figure. */
const KEPT_MONTHS = retentionPolicies['closed-requests'].period.months;
const DAY_MS = 86_400_000;

export const dataRequest = decider<DataRequest, DataRequestCommand, DataRequestEvent, DataRequestRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'enter' || command.type === 'receive') return begin(state, command);
    if (state.status === 'absent' || state.status === 'retired') return { rejected: 'not-there' };
    const which = { dataRequestId: state.dataRequestId, contactId: state.contactId };
    switch (command.type) {
      case 'confirm': {
        if (state.status !== 'unconfirmed' || confirmableUntil(state) <= command.at)
          return { rejected: 'wrong-state' };
        const { kind, receivedAt } = state;
        return [{ type: 'data-request-confirmed', data: { ...which, kind, receivedAt } }];
      }
      case 'request-identity':
        if (state.status !== 'received') return { rejected: 'wrong-state' };
        return [
          {
            type: 'data-request-identity-requested',
            data: { ...which, since: command.at.toISOString() },
          },
        ];
      case 'confirm-identity': {
        if (state.status !== 'identity-pending') return { rejected: 'wrong-state' };
        const waitedMs = waitedUntil(state.waiting, command.at);
        return [{ type: 'data-request-identity-confirmed', data: { ...which, waitedMs } }];
      }
      case 'accept':
        if (state.status !== 'received') return { rejected: 'wrong-state' };
        return [
          { type: 'data-request-accepted', data: { ...which, userId: state.userId ?? command.userId } },
        ];
      case 'refuse': {
        if (!isOpen(state) || isUnderWay(state)) return { rejected: 'wrong-state' };
        const { ground, reasons, at } = command;
        const refusedAt = at.toISOString();
        return [{ type: 'data-request-refused', data: { ...which, ground, reasons, refusedAt } }];
      }
      case 'extend':
        return extend(state, command);
      case 'scope': {
        if (state.status !== 'accepted' && state.status !== 'scoped') return { rejected: 'wrong-state' };
        if (state.kind !== 'erasure') return { rejected: 'wrong-state' };
        if (state.userId === null) return { rejected: 'no-account' };
        if (state.status === 'scoped' && state.preview.hash === command.hash) return [];
        const { hash, items } = command;
        return [{ type: 'data-request-scoped', data: { ...which, hash, items: [...items] } }];
      }
      case 'approve':
        return approve(state, command);
      case 'note-receipt':
        return noteReceipt(state, command);
      case 'note-refusal': {
        if (!isBeingCarriedOut(state) || state.erasureId !== command.erasureId) return [];
        const { erasureId, reason } = command;
        return [{ type: 'data-request-erasure-stopped', data: { ...which, erasureId, reason } }];
      }
      case 'archive': {
        if (state.kind !== 'access' && state.kind !== 'portability') return { rejected: 'no-archive' };
        if (state.status !== 'accepted') return { rejected: 'wrong-state' };
        if (state.userId === null) return { rejected: 'no-account' };
        const { archiveId } = command;
        const requested = { ...which, userId: state.userId, archiveId };
        return [{ type: 'data-request-archive-requested', data: requested }];
      }
      case 'note-archive': {
        if (!isBeingArchived(state, command)) return [];
        const done = { fulfilledAt: command.at.toISOString(), statement: null, exceptions: [] };
        return [{ type: 'data-request-fulfilled', data: { ...which, ...done } }];
      }
      case 'note-archive-deleted': {
        if (!isBeingArchived(state, command)) return [];
        const { archiveId } = command;
        return [{ type: 'data-request-archive-stopped', data: { ...which, archiveId } }];
      }
      case 'fulfil': {
        if (state.status !== 'accepted' && state.status !== 'scoped') return { rejected: 'wrong-state' };
        const fulfilledAt = command.at.toISOString();
        const done = { fulfilledAt, statement: command.statement, exceptions: [] };
        return [{ type: 'data-request-fulfilled', data: { ...which, ...done } }];
      }
      case 'note-recipients': {
        // Again and again: confirmations arrive later.
        if (!isFulfilled(state) && state.status !== 'recipients-notified') return { rejected: 'wrong-state' };
        const { recipients } = command;
        return [
          { type: 'data-request-recipients-notified', data: { ...which, recipients: [...recipients] } },
        ];
      }
      case 'announce-lifting': {
        const isRestricted = isFulfilled(state) || state.status === 'recipients-notified';
        if (state.kind !== 'restriction' || !isRestricted || state.lifting !== null)
          return { rejected: 'wrong-state' };
        const { reasons, at } = command;
        const announcedAt = at.toISOString();
        return [{ type: 'data-request-lifting-announced', data: { ...which, reasons, announcedAt } }];
      }
      case 'transfer': {
        if (state.status === 'scoped' || isUnderWay(state) || !isOpen(state))
          return { rejected: 'wrong-state' };
        const { toOrganizationId, at } = command;
        const transferredAt = at.toISOString();
        return [{ type: 'data-request-transferred', data: { ...which, toOrganizationId, transferredAt } }];
      }
      case 'note-notice': {
        const { notice, sentAt } = command;
        if (state.told.includes(notice)) return [];
        return [{ type: 'data-request-notice-sent', data: { ...which, notice, sentAt } }];
      }
      case 'close':
        return close(state, command);
      case 'advance': {
        const due = nextExpiry(state);
        if (due === null || due.at > command.at) return [];
        return [{ type: 'data-request-expired', data: { ...which, expired: due.expired } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'data-request-entered':
        return { status: 'unconfirmed', ...event.data, ...fresh, channel: 'outside', userId: null };
      case 'data-request-received':
        return { status: 'received', ...event.data, ...fresh };
      default:
        return state.status === 'absent' || state.status === 'retired' ? state : evolveKnown(state, event);
    }
  },
});

const fresh = { waiting: { waitedMs: 0, since: null }, extension: null, lifting: null, told: [] } as const;

type There = Exclude<DataRequest, { readonly status: 'absent' | 'retired' }>;

function begin(
  state: DataRequest,
  command: Extract<DataRequestCommand, { readonly type: 'enter' | 'receive' }>,
): DataRequestEvent[] | DataRequestRejection {
  if (state.status !== 'absent') return { rejected: 'already-there' };
  if (command.type === 'enter') return [{ type: 'data-request-entered', data: command.entered }];
  // Whoever received it, and when, starts the clock; a time that has not come was not.
  if (Date.parse(command.received.receivedAt) > command.at.getTime()) return { rejected: 'in-future' };
  return [{ type: 'data-request-received', data: command.received }];
}

function extend(
  state: There,
  { reasons, at }: Extract<DataRequestCommand, { readonly type: 'extend' }>,
): DataRequestEvent[] | DataRequestRejection {
  if (!isOpen(state)) return { rejected: 'wrong-state' };
  if (state.extension !== null) return { rejected: 'already-extended' };
  const { dataRequestId, contactId, receivedAt, waiting } = state;
  const dates = datesOf({ receivedAt: new Date(receivedAt), isExtended: true, waiting }, at);
  if (at > dates.extendableUntil) return { rejected: 'first-month-over' };
  const dueAt = dates.dueAt.toISOString();
  return [{ type: 'data-request-extended', data: { dataRequestId, contactId, reasons, dueAt } }];
}

function approve(
  state: There,
  { hash, now, erasureId }: Extract<DataRequestCommand, { readonly type: 'approve' }>,
): DataRequestEvent[] | DataRequestRejection {
  if (state.status !== 'scoped') return { rejected: 'wrong-state' };
  if (state.userId === null) return { rejected: 'no-account' };
  const { dataRequestId, contactId, userId, preview } = state;
  if (preview.hash !== hash) return { rejected: 'other-preview' };
  if (beyond(preview.items, now).length > 0) return { rejected: 'preview-changed' };
  const approved = { dataRequestId, contactId, userId, erasureId, previewHash: hash };
  return [{ type: 'data-request-erasure-approved', data: approved }];
}

function noteReceipt(
  state: There,
  { erasureId, receipt, services, at }: Extract<DataRequestCommand, { readonly type: 'note-receipt' }>,
): DataRequestEvent[] | DataRequestRejection {
  if (!isBeingCarriedOut(state) || state.erasureId !== erasureId) return [];
  if (state.receipts.some(({ service }) => service === receipt.service)) return [];
  const which = { dataRequestId: state.dataRequestId, contactId: state.contactId };
  const received: DataRequestEvent = {
    type: 'data-request-erasure-receipt-received',
    data: { ...which, ...receipt, retained: [...receipt.retained] },
  };
  const receipts = [...state.receipts, receipt];
  if (!services.every((name) => receipts.some(({ service }) => service === name))) return [received];
  const exceptions = receipts.flatMap(({ retained }) => retained);
  // Clocks of machines differ: it is fulfilled when the last service says so.
  const fulfilled = Math.max(at.getTime(), ...receipts.map(({ effectiveFrom }) => Date.parse(effectiveFrom)));
  const done = { fulfilledAt: new Date(fulfilled).toISOString(), statement: null, exceptions };
  return [received, { type: 'data-request-fulfilled', data: { ...which, ...done } }];
}

/**
 * Whoever got the data must have been told of a change to it (Article 19 GDPR), and whoever asked of the outcome. A restriction ends when its
 * request is closed, which whoever asked is told before (Article 18(3) GDPR).
 */
function close(
  state: There,
  { isToldOtherwise, at }: Extract<DataRequestCommand, { readonly type: 'close' }>,
): DataRequestEvent[] | DataRequestRejection {
  const isDone = isFulfilled(state) || state.status === 'recipients-notified' || state.status === 'refused';
  if (!isDone) return { rejected: 'wrong-state' };
  const concernsRecipients = ['rectification', 'erasure', 'restriction'].includes(state.kind);
  if (isFulfilled(state) && concernsRecipients) return { rejected: 'recipients-not-notified' };
  const isRestricted = state.kind === 'restriction' && state.status !== 'refused';
  if (isRestricted && state.lifting === null) return { rejected: 'lifting-not-announced' };
  const outcome = state.status === 'refused' ? 'refused' : isRestricted ? 'restriction-ends' : 'fulfilled';
  const isTold = state.contact === null || state.told.includes(outcome) || isToldOtherwise;
  if (!isTold) return { rejected: 'not-told' };
  const { dataRequestId, contactId } = state;
  return [{ type: 'data-request-closed', data: { dataRequestId, contactId, closedAt: at.toISOString() } }];
}

/** An erasure is. */
export function isBeingCarriedOut(state: DataRequest): state is Extract<DataRequest, Executing> {
  return isUnderWay(state) && 'erasureId' in state;
}

function isBeingArchived(
  state: DataRequest,
  { archiveId }: Archiving,
): state is Extract<DataRequest, { readonly status: 'executing' }> {
  return state.status === 'executing' && 'archiveId' in state && state.archiveId === archiveId;
}

function isUnderWay({ status }: DataRequest): boolean {
  return status === 'executing' || status === 'partial';
}

function isFulfilled(
  state: DataRequest,
): state is Extract<DataRequest, { readonly status: 'fulfilled' | 'fulfilled-with-exceptions' }> {
  return state.status === 'fulfilled' || state.status === 'fulfilled-with-exceptions';
}

function confirmableUntil({ receivedAt }: Known): Date {
  return new Date(Date.parse(receivedAt) + CONFIRMABLE_DAYS * DAY_MS);
}

/** When something of a request is no longer needed, and what; null where that is not known yet. */
export function nextExpiry(state: DataRequest): { readonly at: Date; readonly expired: string[] } | null {
  if (state.status === 'unconfirmed')
    return { at: confirmableUntil(state), expired: [state.contactId, state.dataRequestId] };
  if (state.status !== 'closed') return null;
  const closedAt = new Date(state.closedAt);
  return state.isAddressGone
    ? { at: plusMonths(closedAt, KEPT_MONTHS), expired: [state.dataRequestId] }
    : { at: closedAt, expired: [state.contactId] };
}

function evolveKnown(
  state: There,
  event: Exclude<DataRequestEvent, { readonly type: 'data-request-entered' | 'data-request-received' }>,
): DataRequest {
  const known = knownOf(state);
  switch (event.type) {
    case 'data-request-confirmed':
      return { ...known, status: 'received' };
    case 'data-request-identity-requested': {
      const waiting = { ...known.waiting, since: event.data.since };
      return { ...known, status: 'identity-pending', waiting };
    }
    case 'data-request-identity-confirmed':
      return { ...known, status: 'received', waiting: { waitedMs: event.data.waitedMs, since: null } };
    case 'data-request-accepted':
      return { ...known, status: 'accepted', userId: event.data.userId };
    case 'data-request-refused': {
      const { ground, reasons } = event.data;
      return { ...known, status: 'refused', ground, reasons };
    }
    case 'data-request-extended': {
      const { reasons, dueAt } = event.data;
      return { ...state, extension: { reasons, dueAt } };
    }
    case 'data-request-scoped': {
      const { hash, items } = event.data;
      return { ...known, status: 'scoped', preview: { hash, items } };
    }
    case 'data-request-erasure-approved': {
      if (state.status !== 'scoped') return state;
      const { erasureId } = event.data;
      return { ...known, status: 'executing', preview: state.preview, erasureId, receipts: [] };
    }
    case 'data-request-erasure-receipt-received': {
      if (!isBeingCarriedOut(state)) return state;
      const { dataRequestId: _, contactId: __, ...receipt } = event.data;
      return { ...state, status: 'partial', receipts: [...state.receipts, receipt] };
    }
    case 'data-request-archive-requested':
      return { ...known, status: 'executing', archiveId: event.data.archiveId };
    case 'data-request-erasure-stopped':
    case 'data-request-archive-stopped':
      return { ...known, status: 'accepted' };
    default:
      return evolveOutcome(state, known, event);
  }
}

function evolveOutcome(
  state: There,
  known: Known,
  event: Extract<
    DataRequestEvent,
    {
      readonly type:
        | 'data-request-fulfilled'
        | 'data-request-recipients-notified'
        | 'data-request-lifting-announced'
        | 'data-request-transferred'
        | 'data-request-notice-sent'
        | 'data-request-closed'
        | 'data-request-expired';
    }
  >,
): DataRequest {
  switch (event.type) {
    case 'data-request-fulfilled': {
      const { fulfilledAt, statement, exceptions } = event.data;
      const erasure = isBeingCarriedOut(state)
        ? { erasureId: state.erasureId, receipts: state.receipts, previewHash: state.preview.hash }
        : null;
      const status = exceptions.length > 0 ? 'fulfilled-with-exceptions' : 'fulfilled';
      const archiveId = state.status === 'executing' && 'archiveId' in state ? state.archiveId : null;
      return { ...known, status, fulfilledAt, statement, exceptions, erasure, archiveId };
    }
    case 'data-request-recipients-notified':
      return isFulfilled(state) || state.status === 'recipients-notified'
        ? { ...state, status: 'recipients-notified', recipients: event.data.recipients }
        : state;
    case 'data-request-lifting-announced': {
      const { reasons, announcedAt } = event.data;
      return { ...state, lifting: { reasons, announcedAt } };
    }
    case 'data-request-transferred': {
      const { toOrganizationId, transferredAt } = event.data;
      const outcome = { transferredTo: toOrganizationId };
      return { ...known, status: 'closed', closedAt: transferredAt, outcome, isAddressGone: false };
    }
    case 'data-request-notice-sent':
      return { ...state, told: [...state.told, event.data.notice] };
    case 'data-request-closed': {
      const { closedAt } = event.data;
      const outcome = outcomeOf(state);
      return outcome ? { ...known, status: 'closed', closedAt, outcome, isAddressGone: false } : state;
    }
    case 'data-request-expired':
      return state.status === 'closed' && !state.isAddressGone
        ? { ...state, isAddressGone: true }
        : { ...known, status: 'retired' };
    default:
      return unreachable(event);
  }
}

function outcomeOf(state: There): Closed['outcome'] | undefined {
  if (state.status === 'refused') return { ground: state.ground, reasons: state.reasons };
  if (!isFulfilled(state) && state.status !== 'recipients-notified') return undefined;
  const { fulfilledAt, statement, exceptions, erasure, archiveId } = state;
  const recipients = state.status === 'recipients-notified' ? state.recipients : [];
  return { fulfilledAt, statement, exceptions, erasure, archiveId, recipients };
}

function knownOf(state: Known): Known {
  const { dataRequestId, contactId, receiptId, kind, receivedAt, contact, text } = state;
  const { channel, userId, waiting, extension, lifting, told } = state;
  return {
    ...{ dataRequestId, contactId, receiptId, kind, receivedAt, contact, text },
    ...{ channel, userId, waiting, extension, lifting, told },
  };
}

/** The archive that answers a request, or will; null where there is none. */
export function archiveOf(state: DataRequest): string | null {
  const done = state.status === 'closed' ? state.outcome : state;
  return 'archiveId' in done ? done.archiveId : null;
}
