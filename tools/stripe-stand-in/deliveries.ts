import { createHmac } from 'node:crypto';
import type { StripeObject } from './world.ts';

export interface Endpoint {
  readonly url: string;
  readonly secret: string;
}

interface Pending {
  readonly event: StripeObject;
  attempts: number;
}

/** Delays in milliseconds before an event that was not taken is sent again; then it is given up, and only listed. */
const RETRY_MS = [200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 60_000, 60_000];
/** Every so many events one comes twice, and one comes late. */
const [TWICE_EVERY, LATE_EVERY, LATE_MS] = [5, 7, 300];

export interface Deliveries {
  send(event: StripeObject): void;
  /** Holds everything back until it is called with false. */
  pause(isPaused: boolean): void;
  /** Waits until nothing is under way. */
  settled(): Promise<void>;
  stop(): void;
}

/** Sends events as signed webhooks; sometimes twice or late, as Stripe does. */
export function deliveries(endpoint: Endpoint | undefined): Deliveries {
  const waiting = new Set<NodeJS.Timeout>();
  const held: Pending[] = [];
  let [sent, under, isPaused, stopped] = [0, 0, false, false];

  const later = (pending: Pending, milliseconds: number): void => {
    const timer = setTimeout(() => {
      waiting.delete(timer);
      void attempt(pending);
    }, milliseconds);
    waiting.add(timer);
  };
  const attempt = async (pending: Pending): Promise<void> => {
    if (!endpoint) return;
    if (isPaused) {
      held.push(pending);
      return;
    }
    under += 1;
    const taken = await post(endpoint, pending.event);
    under -= 1;
    const delay = RETRY_MS[pending.attempts];
    pending.attempts += 1;
    if (!taken && delay !== undefined && !stopped) later(pending, delay);
  };
  return {
    send: (event) => {
      sent += 1;
      later({ event, attempts: 0 }, sent % LATE_EVERY === 0 ? LATE_MS : 0);
      if (sent % TWICE_EVERY === 0) later({ event, attempts: 0 }, 0);
    },
    pause: (pause) => {
      isPaused = pause;
      if (!pause) for (const pending of held.splice(0)) later(pending, 0);
    },
    settled: async () => {
      while (waiting.size + under > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    stop: () => {
      stopped = true;
      for (const timer of waiting) clearTimeout(timer);
      waiting.clear();
    },
  };
}

async function post({ url, secret }: Endpoint, event: StripeObject): Promise<boolean> {
  const body = JSON.stringify(event);
  // By the machine's clock: receivers refuse what was signed minutes ago or ahead.
  const at = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  try {
    const answer = await fetch(url, {
      ...{ method: 'POST', body, redirect: 'manual' },
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': `t=${at},v1=${signature}`,
      },
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
