/** @promise P31 T0 is the same however webhooks are shuffled, repeated, late and lost */
import { describe, expect, it } from '@jest/globals';
import { followed } from '../testing/follow-history.js';
import { historyOf } from '../testing/history.js';
import { whatMatters, whatStripeSays } from '../testing/what-matters.js';

/** `npm run test:long` sets it. */
const HISTORIES = Number(process.env.VOUCHSAFE_HISTORIES ?? 300);
const FIRST_SEED = Number(process.env.VOUCHSAFE_HISTORY_SEED ?? 1);
/** A tenfold of what they take: the run ends where one never does. */
const PATIENCE_MS = 5_000 + HISTORIES * 20;

const weathers = {
  'fair weather': { late: 0, doubled: 0, lost: 0, stale: 0 },
  'deliveries that are late, doubled and out of order': { late: 0.7, doubled: 0.5, lost: 0, stale: 0 },
  'a third of the deliveries lost': { late: 0.5, doubled: 0.3, lost: 0.33, stale: 0 },
  'answers that are older than what is known': { late: 0.7, doubled: 0.5, lost: 0.1, stale: 0.5 },
  'no delivery at all': { late: 0, doubled: 0, lost: 1, stale: 0 },
} as const;

describe(`${HISTORIES} histories of Stripe's events`, () => {
  it.each(Object.entries(weathers))(
    'end in the state that Stripe has, and the same T0, with %s',
    (_, weather) => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed += 1) {
        const history = historyOf(seed);
        const events = followed(history, weather, seed);
        expect({ seed, ...whatMatters(events) }).toEqual({ seed, ...whatStripeSays(history) });
        expect({ seed, out: outOfOrder(events) }).toEqual({ seed, out: [] });
      }
    },
    PATIENCE_MS,
  );

  it(
    'hold everything that can happen to a subscription',
    () => {
      const seen = new Set<string>();
      for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed += 1) {
        const said = whatStripeSays(historyOf(seed));
        for (const fact of said.facts) seen.add(fact.split(' ', 1)[0] ?? '');
        for (const content of Object.values(said.objects))
          if (typeof content === 'object' && content !== null && 'status' in content)
            seen.add(String(content.status));
        seen.add(said.allEndedAt === null ? 'one is live, or none ever was' : 'T0');
      }
      expect([...seen].sort()).toEqual(everything);
    },
    PATIENCE_MS,
  );
});

const everything = [
  'T0',
  'active',
  'canceled',
  'credit-note-issued',
  'credit-note-voided',
  'customer-deleted',
  'dispute-closed',
  'dispute-opened',
  'early-fraud-warning-received',
  'failed',
  'incomplete',
  'incomplete_expired',
  'invoice-finalized',
  'invoice-marked-uncollectible',
  'invoice-paid',
  'invoice-voided',
  'issued',
  'lost',
  'one is live, or none ever was',
  'open',
  'paid',
  'past_due',
  'paused',
  'payment-method-attached',
  'payment-method-detached',
  'received',
  'refund-created',
  'refund-failed',
  'subscription-ended',
  'subscription-started',
  'succeeded',
  'trialing',
  'uncollectible',
  'under_review',
  'unpaid',
  'void',
  'won',
];

/** A subscription that starts or changes after its end; a T0 that is published twice. */
function outOfOrder(events: ReturnType<typeof followed>): string[] {
  const over = new Set<string>();
  const found: string[] = [];
  for (const event of events) {
    if (event.type === 'subscription-ended') over.add(event.data.subscriptionId);
    if (
      (event.type === 'subscription-started' || event.type === 'subscription-changed') &&
      over.has(event.data.subscriptionId)
    )
      found.push(`${event.type} after the end of ${event.data.subscriptionId}`);
    if (event.type === 'invoice-paid' || event.type === 'invoice-voided') over.add(event.data.invoiceId);
    if (event.type === 'payment-failed' && over.has(event.data.invoiceId))
      found.push(`a payment of ${event.data.invoiceId} failed after it was paid or voided`);
    if (event.type !== 'all-subscriptions-ended') continue;
    if (over.has(event.data.endedAt)) found.push(`T0 ${event.data.endedAt} twice`);
    over.add(event.data.endedAt);
  }
  return found;
}
