/** @promise P32 cards that fail again and again within minutes are a fact; which cards they are is kept pseudonymized */
import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { Observation } from '../observation/observation.js';
import type { CardFailureEvent } from './card-failure.events.js';

/** So many failures within so many seconds are a fact. A person who mistypes stays below; who tries out cards does not. */
export const [FAILURES, WINDOW_SECONDS] = [5, 600];
/** Attempts this much older than the newest say nothing about it any more, and are not recorded. */
const KEPT_MS = 3_600_000;

interface Failure {
  readonly eventId: string;
  readonly failedAt: string;
  readonly card: string | null;
}

interface CardFailures {
  readonly recent: readonly Failure[];
  /** The last failure that was reported. */
  readonly reportedAt: string | null;
}

interface CardFailureCommand {
  readonly type: 'observe';
  readonly organizationId: OrganizationId;
  readonly source: Observation['source'];
  readonly failures: readonly Failure[];
}

export const cardFailure = decider<CardFailures, CardFailureCommand, CardFailureEvent, never>({
  initial: { recent: [], reportedAt: null },
  decide: (state, { organizationId, source, failures }) => {
    const from = { organizationId, source };
    const known = new Set(state.recent.map(({ eventId }) => eventId));
    const newest = Math.max(...[...state.recent, ...failures].map(timeOf));
    const news = failures.filter((one) => !known.has(one.eventId) && timeOf(one) > newest - KEPT_MS);
    const all = [...state.recent, ...news].toSorted((a, b) => timeOf(a) - timeOf(b));
    return [
      ...news.map((one) => ({ type: 'card-failure-observed', data: { ...from, ...one } }) as const),
      ...(news.length === 0 ? [] : repeated(all, state.reportedAt)).map(
        (data) => ({ type: 'card-failures-repeated', data: { ...from, ...data } }) as const,
      ),
    ];
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'card-failure-observed': {
        const { eventId, failedAt, card } = event.data;
        const all = [...state.recent, { eventId, failedAt, card }];
        const newest = Math.max(...all.map(timeOf));
        return { ...state, recent: all.filter((one) => timeOf(one) > newest - KEPT_MS) };
      }
      case 'card-failures-repeated':
        return { ...state, reportedAt: event.data.lastFailedAt };
      default:
        return unreachable(event);
    }
  },
});

type Repeated = Pick<
  Extract<CardFailureEvent, { type: 'card-failures-repeated' }>['data'],
  'failures' | 'cards' | 'windowSeconds' | 'lastFailedAt'
>;

/** Each window that is full, and is not reported yet: one fact, however many failures follow within it. */
function repeated(all: readonly Failure[], reported: string | null): Repeated[] {
  const found: Repeated[] = [];
  let reportedAt = reported === null ? Number.NEGATIVE_INFINITY : Date.parse(reported);
  for (const last of all) {
    const end = timeOf(last);
    if (end <= reportedAt + WINDOW_SECONDS * 1000) continue;
    const within = all.filter((one) => timeOf(one) <= end && timeOf(one) > end - WINDOW_SECONDS * 1000);
    if (within.length < FAILURES) continue;
    const cards = new Set(within.flatMap(({ card }) => card ?? [])).size;
    found.push({
      failures: within.length,
      cards,
      windowSeconds: WINDOW_SECONDS,
      lastFailedAt: last.failedAt,
    });
    reportedAt = end;
  }
  return found;
}

function timeOf({ failedAt }: Failure): number {
  return Date.parse(failedAt);
}
