/**
 * @promise P20 refuses a webhook of the other mode
 * @promise P31 one webhook has one effect, and none is lost
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { followed } from '../testing/follow-history.js';
import { type History, historyOf } from '../testing/history.js';
import { type ObservedApp, observedApp } from '../testing/observed-app.js';
import { signatureOf } from '../testing/stripe-of-history.js';
import { seenOf, whatMatters, whatStripeSays, withoutCards } from '../testing/what-matters.js';

let billing: ObservedApp;

beforeAll(async () => {
  billing = await observedApp({ STRIPE_WEBHOOK_SECRET: 'whsec_of_a_history,whsec_next' });
});
afterAll(() => billing.stop());

/** A history of an organization of its own. */
async function newHistory(seed: number): Promise<{ history: History; organizationId: string }> {
  const organizationId = randomUUID();
  const history = { ...historyOf(seed), organizationId };
  billing.stripe.add(history);
  await billing.know(history, organizationId);
  return { history, organizationId };
}

const now = () => Math.floor(Date.now() / 1000);

function event(id: string, more: object = {}): string {
  const body = { id, object: 'event', type: 'plan.created', created: now(), livemode: false };
  return JSON.stringify({ ...body, api_version: null, data: { object: { id: 'plan_1' } }, ...more });
}

async function inbox(id: string): Promise<number> {
  const rows = await billing.app.database.asWorker((sql) =>
    sql.query('select 1 from inbox where event_id = $1', [id]),
  );
  return rows.length;
}

describe('a webhook', () => {
  it('is taken once, and has one effect, when it comes a hundred times at once', async () => {
    const { history, organizationId } = await newHistory(11);
    const step = history.steps.find(({ events }) => events[0]?.type === 'customer.subscription.created');
    const [created] = step?.events ?? [];
    if (!step || !created) throw new Error('The history has no subscription');
    const answers = await Promise.all(Array.from({ length: 100 }, () => billing.deliver(created, step.at)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    await billing.settled();
    expect(await inbox(billing.stripe.eventOf(created, step.at).id)).toBe(1);
    const events = await billing.events(organizationId);
    expect(events.filter(({ type }) => type === 'subscription-observed')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'subscription-started')).toHaveLength(1);
  });

  it('is checked over the bytes: the same JSON, written otherwise, is refused', async () => {
    const text = event('evt_bytes');
    const signature = signatureOf(text, now());
    const other = JSON.stringify(JSON.parse(text), null, 1);
    expect(await billing.send(other, { 'stripe-signature': signature })).toMatchObject({
      status: 400,
      body: { code: 'malformed-request', reason: 'wrong-signature' },
    });
    expect((await billing.send(text, { 'stripe-signature': signature })).status).toBe(204);
  });

  it('is taken under each secret of a rotation', async () => {
    const text = event('evt_rotated');
    const answer = await billing.send(text, { 'stripe-signature': signatureOf(text, now(), 'whsec_next') });
    expect(answer.status).toBe(204);
  });

  const refusals = {
    'no-signature': () => [event('evt_r1'), undefined],
    'wrong-signature': () => {
      const text = event('evt_r2');
      return [text, signatureOf(text, now(), 'whsec_of_somebody_else')];
    },
    'wrong-time': () => {
      const text = event('evt_r3');
      return [text, signatureOf(text, now() - 301)];
    },
    malformed: () => {
      const text = '{"id": "evt_r5"';
      return [text, signatureOf(text, now())];
    },
    'unknown-account': () => {
      const text = event('evt_r6', { account: 'acct_1Pq2somebodyelse' });
      return [text, signatureOf(text, now())];
    },
    'wrong-mode': () => {
      const text = event('evt_r7', { livemode: true });
      return [text, signatureOf(text, now())];
    },
  } as const satisfies Record<string, () => readonly [string, string | undefined]>;

  it.each(Object.entries(refusals))('is refused and counted: %s', async (reason, made) => {
    const [text, signature] = made();
    const counted = async () =>
      Number(
        (await billing.metric('billing_webhooks_total'))
          .split('\n')
          .find((line) => line.includes(`"${reason}"`))
          ?.split(' ')
          .at(-1),
      );
    const before = await counted();
    expect(
      await billing.send(text, signature === undefined ? {} : { 'stripe-signature': signature }),
    ).toMatchObject({ status: 400, body: { code: 'malformed-request', reason } });
    expect(await counted()).toBe(before + 1);
    expect(await inbox(/evt_r[0-9]/.exec(text)?.[0] ?? '')).toBe(0);
  });

  it('is refused where its signature has two times: one to be checked, another that is signed', async () => {
    const text = event('evt_r4');
    const signature = `t=${now()},${signatureOf(text, now() - 86_400)}`;
    expect(await billing.send(text, { 'stripe-signature': signature })).toMatchObject({
      status: 400,
      body: { reason: 'no-signature' },
    });
  });

  it('is refused when its time is five minutes ahead of ours, too', async () => {
    const text = event('evt_future');
    expect(await billing.send(text, { 'stripe-signature': signatureOf(text, now() + 302) })).toMatchObject({
      status: 400,
      body: { reason: 'wrong-time' },
    });
  });

  it('of a type that nothing is done about is kept and counted', async () => {
    const text = event('evt_unhandled');
    expect((await billing.send(text, { 'stripe-signature': signatureOf(text, now()) })).status).toBe(204);
    expect(await inbox('evt_unhandled')).toBe(1);
    expect(await billing.metric('billing_webhooks_total')).toMatch(/outcome="unhandled"\} [1-9]/);
  });
});

describe('what Stripe sends', () => {
  it.each([21, 22, 23])(
    'reaches the state that Stripe has, in reverse order and doubled: history %i',
    async (seed) => {
      const { history, organizationId } = await newHistory(seed);
      const sent = history.steps.flatMap(({ at, events }) => events.map((one) => ({ at, one }))).reverse();
      await Promise.all([...sent, ...sent].map(({ at, one }) => billing.deliver(one, at)));
      await billing.settled();
      const events = await billing.events(organizationId);
      expect(withoutCards(whatMatters(events))).toEqual(
        withoutCards(seenOf(whatStripeSays(history), events)),
      );
      const timely = whatMatters(followed(history, { late: 0, doubled: 0, lost: 0, stale: 0 }, seed));
      expect(whatMatters(events).allEndedAt).toBe(timely.allEndedAt);
    },
  );
});
