import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import { type Observe, type OtherOrganization, sourceOf } from '../observation/observation.js';
import type { InvoiceContent, InvoiceEvent } from './invoice.events.js';

/** Each happens once, at a time that stays in the invoice: so they are found however late it is read. */
type Transition = 'invoice-finalized' | 'invoice-marked-uncollectible' | 'invoice-paid' | 'invoice-voided';

interface Invoice {
  readonly known: null | {
    readonly organizationId: OrganizationId;
    readonly contentHash: string;
    readonly content: InvoiceContent;
  };
  readonly published: ReadonlySet<Transition>;
  /** The last attempt of which the failure was published. */
  readonly failedAttempt: number;
}

export const invoice = decider<Invoice, Observe<string, InvoiceContent>, InvoiceEvent, OtherOrganization>({
  initial: { known: null, published: new Set(), failedAttempt: 0 },
  decide: (state, { id: invoiceId, observation, content }) => {
    const { organizationId, contentHash } = observation;
    if (state.known) {
      if (state.known.organizationId !== organizationId) return { rejected: 'other-organization' };
      if (state.known.contentHash === contentHash || isOlder(content, state.known.content)) return [];
    }
    const { subscriptionId, currency } = content;
    const from = { ...sourceOf(observation), invoiceId, subscriptionId, currency };
    return [
      { type: 'invoice-observed', data: { invoiceId, ...observation, content } },
      ...transitionsOf(from, content).filter(({ type }) => !state.published.has(type)),
      ...failureOf(from, content, state.failedAttempt),
    ];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'invoice-observed': {
        const { organizationId, contentHash, content } = event.data;
        return { ...state, known: { organizationId, contentHash, content } };
      }
      case 'invoice-finalized':
      case 'invoice-marked-uncollectible':
      case 'invoice-paid':
      case 'invoice-voided':
        return { ...state, published: new Set([...state.published, event.type]) };
      case 'payment-failed':
        return { ...state, failedAttempt: event.data.attempt };
      default:
        return unreachable(event);
    }
  },
});

/** A draft is made final, then paid, voided or given up; what was given up can be paid or voided. */
const ranks = { draft: 0, open: 1, uncollectible: 2, paid: 3, void: 3 } as const satisfies Record<
  InvoiceContent['status'],
  number
>;

function isOlder(read: InvoiceContent, known: InvoiceContent): boolean {
  if (ranks[read.status] !== ranks[known.status]) return ranks[read.status] < ranks[known.status];
  return read.attemptCount < known.attemptCount;
}

interface From extends ReturnType<typeof sourceOf> {
  readonly invoiceId: string;
  readonly subscriptionId: string | null;
  readonly currency: string;
}

/** In the order in which they can happen. */
function transitionsOf(
  from: From,
  content: InvoiceContent,
): (InvoiceEvent & { readonly type: Transition })[] {
  const { amountDue, amountPaid, finalizedAt, markedUncollectibleAt, paidAt, voidedAt } = content;
  return [
    ...(finalizedAt === null
      ? []
      : [{ type: 'invoice-finalized', data: { ...from, amountDue, finalizedAt } } as const]),
    ...(markedUncollectibleAt === null
      ? []
      : [
          {
            type: 'invoice-marked-uncollectible',
            data: { ...from, amountDue, markedAt: markedUncollectibleAt },
          } as const,
        ]),
    ...(paidAt === null ? [] : [{ type: 'invoice-paid', data: { ...from, amountPaid, paidAt } } as const]),
    ...(voidedAt === null ? [] : [{ type: 'invoice-voided', data: { ...from, voidedAt } } as const]),
  ];
}

/** Only what is still open is known to have failed: Stripe does not say how often an invoice failed that is paid now. */
function failureOf(
  from: From,
  { status, attempted, attemptCount, amountDue, nextAttemptAt }: InvoiceContent,
  failedAttempt: number,
): InvoiceEvent[] {
  if (status !== 'open' || !attempted || attemptCount <= failedAttempt) return [];
  return [{ type: 'payment-failed', data: { ...from, amountDue, attempt: attemptCount, nextAttemptAt } }];
}
