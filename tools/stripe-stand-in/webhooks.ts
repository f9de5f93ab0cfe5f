import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredEvent } from './objects.ts';
import type { World } from './world.ts';

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_...` */
  readonly secret: string;
  /** The share of events that are sent twice, and of those that later ones overtake; from 0 to 1, and a tenth each where nothing is said. */
  readonly repeated?: number;
  readonly overtaken?: number;
  /** Which ones these are. */
  readonly seed?: number;
  /** Milliseconds of the clock that signatures carry: the receiver's, which does not move with the stand-in's. */
  readonly signedAt?: () => number;
}

/** Until an event is sent again that was not taken; doubled each time. Stripe's begins with minutes and goes on for three days. */
const [FIRST_WAIT_MS, LONGEST_WAIT_MS, DAYS] = [1_000, 60_000, 3];
/** Milliseconds by which an overtaken event is late. */
const OVERTAKEN_MS = 700;
const TIMEOUT_MS = 10_000;
const AT_ONCE = 4;

/** Sends events to the webhook endpoint, signed as Stripe signs them, until each was taken with a 2xx. */
export class Webhooks {
  private readonly world: World;
  private readonly options: WebhookOptions | undefined;
  private readonly random: () => number;
  private readonly sending = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private isPaused = false;
  private isStopped = false;

  constructor(world: World, options: WebhookOptions | undefined) {
    this.world = world;
    this.options = options;
    this.random = randomNumbers(options?.seed ?? 1);
    if (options) world.onEvent = (event) => this.enqueue(event);
    this.wake();
  }

  /** Whether nothing is left to be sent. */
  isIdle(): boolean {
    return this.sending.size === 0 && this.world.allRecords('delivery').length === 0;
  }

  /** Holds everything back until it is called with false. */
  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.wake();
  }

  /** Waits until everything was taken, or is held back. */
  async settled(): Promise<void> {
    while (!this.isIdle() && !this.isPaused && !this.isStopped) await sleep(20);
  }

  /** Sends what waits now, in another order if asked. @returns how many were left untaken */
  async flush(order: 'as-is' | 'shuffled'): Promise<number> {
    const waiting = this.world.allRecords('delivery').map(([id]) => id);
    if (order === 'shuffled') shuffle(waiting, this.random);
    const isTaken = await Promise.all(waiting.map((id) => this.deliver(id)));
    return isTaken.filter((one) => !one).length;
  }

  /** Sends an event again, so many times. @returns how many of them were taken */
  async replay(event: StoredEvent, times: number): Promise<number> {
    const sent = await Promise.all(Array.from({ length: times }, () => this.send(event)));
    return sent.filter(Boolean).length;
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private enqueue(event: StoredEvent): void {
    const { repeated = 0.1, overtaken = 0.1 } = this.options ?? {};
    const now = Date.now();
    const dueAt = this.random() < overtaken ? now + OVERTAKEN_MS : now;
    this.world.change(event, { pending_webhooks: 1 });
    this.world.setRecord('delivery', event.id, { eventId: event.id, attempts: 0, dueAt });
    if (this.random() < repeated)
      this.world.setRecord('delivery', `${event.id}-again`, { eventId: event.id, attempts: 0, dueAt });
    this.wake();
  }

  private wake(ms = 10): void {
    if (this.isStopped || this.isPaused || !this.options) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.step(), ms);
    // What runs otherwise decides how long the process lives.
    this.timer.unref();
  }

  private async step(): Promise<void> {
    if (this.isPaused || this.isStopped) return;
    const now = Date.now();
    const waiting = this.world.allRecords('delivery').filter(([id]) => !this.sending.has(id));
    const due = waiting.filter(([, { dueAt }]) => dueAt <= now).slice(0, AT_ONCE - this.sending.size);
    await Promise.all(due.map(([id]) => this.deliver(id)));
    const next = this.world.allRecords('delivery').map(([, { dueAt }]) => dueAt);
    if (next.length > 0) this.wake(Math.max(5, Math.min(...next) - Date.now()));
  }

  private async deliver(id: string): Promise<boolean> {
    const delivery = this.world.record('delivery', id);
    const event = delivery && this.world.find('event', delivery.eventId);
    if (!delivery || !event || this.sending.has(id)) {
      if (!event) this.world.setRecord('delivery', id, null);
      return true;
    }
    this.sending.add(id);
    const isTaken = await this.send(event);
    this.sending.delete(id);
    if (this.isStopped) return isTaken;
    const attempts = delivery.attempts + 1;
    const isOver = isTaken || this.world.now() - event.created > DAYS * 86_400 * 10;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts - 1, 10), LONGEST_WAIT_MS);
    this.world.setRecord('delivery', id, isOver ? null : { ...delivery, attempts, dueAt: Date.now() + wait });
    if (isTaken) this.world.change(event, { pending_webhooks: 0 });
    this.world.settle();
    return isTaken;
  }

  /** @returns whether it was taken */
  private async send(event: StoredEvent): Promise<boolean> {
    if (!this.options) return false;
    const { url, secret, signedAt = Date.now } = this.options;
    const payload = JSON.stringify(event, null, 2);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks) (a stand-in)',
          'stripe-signature': signatureOf(payload, secret, Math.floor(signedAt() / 1000)),
        },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** https://docs.stripe.com/webhooks/signature */
function signatureOf(payload: string, secret: string, at: number): string {
  const signature = createHmac('sha256', secret).update(`${at}.${payload}`).digest('hex');
  return `t=${at},v1=${signature}`;
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffle(items: unknown[], random: () => number): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
}
