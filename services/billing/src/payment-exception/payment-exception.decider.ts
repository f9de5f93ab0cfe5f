import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import { type Observe, type OtherOrganization, sourceOf } from '../observation/observation.js';
import type { PaymentExceptionContent, PaymentExceptionEvent } from './payment-exception.events.js';

type PaymentException =
  | { readonly phase: 'unknown' }
  | {
      /** `closed` is for ever: a refund that failed, a credit note that is void, a dispute that is decided. */
      readonly phase: 'open' | 'closed';
      readonly organizationId: OrganizationId;
      readonly contentHash: string;
    };

export const paymentException = decider<
  PaymentException,
  Observe<string, PaymentExceptionContent>,
  PaymentExceptionEvent,
  OtherOrganization
>({
  initial: { phase: 'unknown' },
  decide: (state, { id: exceptionId, observation, content }) => {
    const { organizationId, contentHash } = observation;
    if (state.phase !== 'unknown') {
      if (state.organizationId !== organizationId) return { rejected: 'other-organization' };
      if (state.phase === 'closed' || state.contentHash === contentHash) return [];
    }
    const from = { ...sourceOf(observation), exceptionId };
    return [
      { type: 'payment-exception-observed', data: { exceptionId, ...observation, content } },
      ...(state.phase === 'unknown' ? [opening(from, content)] : []),
      ...closing(from, content),
    ];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'payment-exception-observed': {
        const { organizationId, contentHash, content } = event.data;
        return { phase: isClosed(content) ? 'closed' : 'open', organizationId, contentHash };
      }
      case 'refund-created':
      case 'refund-failed':
      case 'credit-note-issued':
      case 'credit-note-voided':
      case 'dispute-opened':
      case 'dispute-closed':
      case 'early-fraud-warning-received':
        return state;
      default:
        return unreachable(event);
    }
  },
});

type From = ReturnType<typeof sourceOf> & { readonly exceptionId: string };

function opening(from: From, content: PaymentExceptionContent): PaymentExceptionEvent {
  const { kind, invoiceId } = content;
  switch (kind) {
    case 'refund':
      return { type: 'refund-created', data: { ...from, ...moneyOf(content) } };
    case 'credit-note':
      return { type: 'credit-note-issued', data: { ...from, ...moneyOf(content), invoiceId } };
    case 'dispute':
      return { type: 'dispute-opened', data: { ...from, ...moneyOf(content), reason: reasonOf(content) } };
    case 'early-fraud-warning':
      return { type: 'early-fraud-warning-received', data: { ...from, reason: reasonOf(content) } };
    default:
      return unreachable(kind);
  }
}

function closing(from: From, content: PaymentExceptionContent): PaymentExceptionEvent[] {
  const { kind, status, invoiceId } = content;
  if (!isClosed(content)) return [];
  switch (kind) {
    case 'refund':
      return [{ type: 'refund-failed', data: { ...from, ...moneyOf(content) } }];
    case 'credit-note':
      return [{ type: 'credit-note-voided', data: { ...from, ...moneyOf(content), invoiceId } }];
    case 'dispute':
      return [{ type: 'dispute-closed', data: { ...from, ...moneyOf(content), outcome: status } }];
    case 'early-fraud-warning':
      return [];
    default:
      return unreachable(kind);
  }
}

/** Statuses after which nothing more comes. A refund that succeeded may still be returned by the bank. */
const closed: Readonly<Record<PaymentExceptionContent['kind'], readonly string[]>> = {
  refund: ['failed', 'canceled'],
  'credit-note': ['void'],
  dispute: ['won', 'lost', 'warning_closed', 'prevented'],
  'early-fraud-warning': [],
};

function isClosed({ kind, status }: PaymentExceptionContent): boolean {
  return closed[kind].includes(status);
}

function moneyOf({ money, kind }: PaymentExceptionContent) {
  if (!money) throw new Error(`A ${kind} has an amount`);
  return money;
}

function reasonOf({ reason }: PaymentExceptionContent): string {
  return reason ?? 'unknown';
}
