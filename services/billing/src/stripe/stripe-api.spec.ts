import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { secret } from '@vouchsafe/vault';
import { Stripe } from 'stripe';
import { BoundedQueue } from './bounded-queue.js';
import { moneyOf } from './money.js';
import { STRIPE_API_VERSION, StripeApi } from './stripe-api.js';
import { stripeSettings } from './stripe-settings.js';

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

let reply: Reply;
const seen: IncomingMessage[] = [];
const logged: string[] = [];
const server = createServer((request, response) => {
  seen.push(request);
  request.resume();
  reply(request, response);
});
let stripe: StripeApi;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const api = new URL(`http://127.0.0.1:${port}`);
  const note = (...words: unknown[]) => void logged.push(JSON.stringify(words));
  stripe = new StripeApi(
    { key: secret('sk_test_marker'), api, livemode: false, pauseMs: 10 },
    { error: note, warn: note },
  );
});
beforeEach(() => void seen.splice(0));
afterAll(() => void server.close());

const answering =
  (status: number, error: object, headers: Record<string, string> = {}): Reply =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ error }));

const createCustomer = () =>
  stripe
    .for('an-organization')
    .write('a-key', (client, options) => client.customers.create({ name: 'Ada' }, options));

describe('the port to Stripe', () => {
  it('names the version, the key and the idempotency key, and sends no telemetry', async () => {
    reply = (_, response) => void response.end(JSON.stringify({ id: 'cus_1', object: 'customer' }));
    await createCustomer();
    await createCustomer();
    expect(await createCustomer()).toMatchObject({ id: 'cus_1' });
    const headers = seen[2]?.headers;
    expect(headers).toMatchObject({
      'stripe-version': STRIPE_API_VERSION,
      authorization: 'Bearer sk_test_marker',
      'idempotency-key': 'a-key',
    });
    expect(headers?.['x-stripe-client-telemetry']).toBeUndefined();
    // What the SDK's types describe.
    expect(STRIPE_API_VERSION).toBe(Stripe.API_VERSION);
  });

  it.each([
    [500, {}, { because: 'server-error', outcome: 'unknown', replayed: false }],
    [429, { code: 'rate_limit' }, { because: 'rate-limited', outcome: 'not-carried-out' }],
    [
      401,
      { message: 'Invalid API Key provided: sk_test_marker' },
      { because: 'key-refused', outcome: 'not-carried-out' },
    ],
    [409, { type: 'idempotency_error' }, { because: 'in-progress', outcome: 'unknown' }],
  ])('says that it is unavailable at %i', async (status, error, expected) => {
    reply = answering(status, error);
    expect(await createCustomer()).toMatchObject({ failed: 'unavailable', ...expected });
  });

  it('notices a failure that Stripe repeats for the key', async () => {
    reply = answering(500, {}, { 'idempotent-replayed': 'true' });
    expect(await createCustomer()).toMatchObject({ because: 'server-error', replayed: true });
  });

  it.each([
    [402, { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds' }, 'card-declined'],
    [402, { type: 'card_error', code: 'authentication_required' }, 'authentication-required'],
    [404, { type: 'invalid_request_error', code: 'resource_missing' }, 'not-found'],
    [400, { type: 'invalid_request_error', code: 'something_new' }, 'not-possible'],
  ])('gives a closed reason at %i %o', async (status, error, reason) => {
    reply = answering(status, error);
    expect(await createCustomer()).toEqual({ failed: 'refused', reason });
  });

  it('does not know what happened where half an answer comes, or none', async () => {
    reply = (_, response) =>
      void response.writeHead(200, { 'content-length': '100' }).write('{"id":"cus', () => response.destroy());
    expect(await createCustomer()).toMatchObject({ failed: 'unavailable', outcome: 'unknown' });
    reply = (_, response) => void response.end('{"id":"cus');
    expect(await createCustomer()).toMatchObject({ because: 'broken-answer', outcome: 'unknown' });
    reply = (request) => void request.destroy();
    expect(await createCustomer()).toMatchObject({ because: 'no-answer', outcome: 'unknown' });
  });

  it('does not know what happened where a try is lost and the next is turned away', async () => {
    const replies: Reply[] = [(request) => void request.destroy(), answering(429, { code: 'rate_limit' })];
    reply = (request, response) => replies.shift()?.(request, response);
    expect(await createCustomer()).toMatchObject({ because: 'rate-limited', outcome: 'unknown' });
    expect(new Set(seen.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(['a-key']));
  });

  it('sends a request once where one try is asked for, also where the connection is closed', async () => {
    reply = (request) => void request.destroy();
    const lost = await stripe
      .for('an-organization')
      .write('a-key', (client, options) => client.customers.create({ name: 'Ada' }, options), 'one');
    expect([lost, seen.length]).toMatchObject([{ because: 'no-answer', outcome: 'unknown' }, 1]);
  });

  it('tells a bug of ours from a failure: a key that was used with other parameters', async () => {
    reply = answering(400, { type: 'idempotency_error', message: 'Keys for idempotent requests ...' });
    await expect(createCustomer()).rejects.toThrow('other parameters');
  });

  it('logs a refused key for the operator, and neither keys nor what was sent (P22)', () => {
    expect(logged.join('')).toContain('STRIPE_SECRET_KEY');
    expect(logged.join('')).not.toMatch(/sk_test|Ada/);
  });
});

/** Work that ends when it is told to, and the order in which it began. */
function slowWork() {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      began.push(name);
      ends.set(name, () => resolve(name));
    });
  const end = async (name: string): Promise<void> => {
    await new Promise(setImmediate);
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { began, work, end };
}

describe('a queue', () => {
  it('gives free places to the askers in turn, however much one of them asks for', async () => {
    const queue = new BoundedQueue({ atOnce: 2, share: { atOnce: 2, waiting: 20 } });
    const { began, work, end } = slowWork();
    const ask = (asker: string, names: readonly string[]) =>
      names.map((name) => queue.run(asker, work(name)));
    const all = [...ask('a', ['a1', 'a2', 'a3', 'a4', 'a5']), ...ask('b', ['b1', 'b2']), ...ask('c', ['c1'])];
    const inTurn = ['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2', 'a5'];
    for (const name of inTurn) await end(name);
    expect(began).toEqual(inTurn);
    expect(await Promise.all(all)).toHaveLength(8);
  });

  it('lets nobody have more than a share at once, and turns away whoever asks for more than may wait', async () => {
    const queue = new BoundedQueue({ atOnce: 3, share: { atOnce: 1, waiting: 1 } });
    const { began, work, end } = slowWork();
    const first = queue.run('a', work('a1'));
    const second = queue.run('a', work('a2'));
    expect(await queue.run('a', work('a3'))).toBeUndefined();
    const other = queue.run('b', work('b1'));
    await new Promise(setImmediate);
    expect(began).toEqual(['a1', 'b1']);
    await end('a1');
    expect(began).toEqual(['a1', 'b1', 'a2']);
    await end('a2');
    await end('b1');
    expect(await Promise.all([first, second, other])).toEqual(['a1', 'a2', 'b1']);
    expect(await queue.run('a', () => Promise.resolve('free again'))).toBe('free again');
  });

  it('frees the place of work that fails', async () => {
    const queue = new BoundedQueue({ atOnce: 1, share: { atOnce: 1, waiting: 1 } });
    const failing = queue.run('a', () => Promise.reject(new Error('it failed')));
    const next = queue.run('a', () => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('it failed');
    expect(await next).toBe('next');
  });
});

it('an organization that asks Stripe for all that it can keeps nobody else from it', async () => {
  const held: ServerResponse[] = [];
  const cameFor = (name: string) => seen.filter(({ url }) => url?.endsWith(name)).length;
  const came = async (name: string, times: number): Promise<void> => {
    while (cameFor(name) < times) await new Promise(setImmediate);
  };
  reply = ({ url }, response) => {
    if (url?.endsWith('cus_greedy')) held.push(response);
    else response.end('{"id":"cus_1","object":"customer"}');
  };
  const customer =
    (id: string) =>
    (client: Stripe, options: object): Promise<object> =>
      client.customers.retrieve(id, {}, options);
  const greedy = Array.from({ length: 245 }, () => stripe.for('greedy').read(customer('cus_greedy')));
  await came('cus_greedy', 4);

  // All of these are answered while Stripe still answers none of the others.
  const answers = [
    await stripe.for('another').read(customer('cus_other')),
    await stripe.for('another').write('order', customer('cus_order')),
    await stripe.background.read(customer('cus_observed')),
    await stripe.readAs('greedy', secret('rk_test_own'), customer('cus_own_account')),
  ];
  expect(answers).toEqual(Array(4).fill(expect.objectContaining({ id: 'cus_1' })));
  expect(cameFor('cus_greedy')).toBe(4);

  reply = (_, response) => void response.end('{"id":"cus_greedy","object":"customer"}');
  for (const response of held) response.end('{"id":"cus_greedy","object":"customer"}');
  const outcomes = await Promise.all(greedy);
  expect(outcomes.filter((one) => 'id' in one)).toHaveLength(24);
  expect(outcomes.filter((one) => 'failed' in one)).toEqual(
    Array(221).fill({ failed: 'unavailable', because: 'busy', outcome: 'not-carried-out', replayed: false }),
  );
});

describe('the settings', () => {
  const config = (VOUCHSAFE_ENVIRONMENT: 'production' | 'testing', key?: string, api?: string) => ({
    VOUCHSAFE_ENVIRONMENT,
    STRIPE_SECRET_KEY: key === undefined ? undefined : secret(key),
    VOUCHSAFE_STRIPE_API: api,
    VOUCHSAFE_STRIPE_PAUSE_MS: 300,
  });

  it('take live keys in production alone, and no other host there (P20)', () => {
    expect(stripeSettings(config('production', 'sk_live_x')).livemode).toBe(true);
    expect(stripeSettings(config('testing', 'rk_test_x', 'http://localhost:1')).livemode).toBe(false);
    expect(() => stripeSettings(config('production', 'sk_test_x'))).toThrow('STRIPE_SECRET_KEY');
    expect(() => stripeSettings(config('production'))).toThrow('STRIPE_SECRET_KEY');
    expect(() => stripeSettings(config('testing', 'sk_live_x'))).toThrow('STRIPE_SECRET_KEY');
    expect(() => stripeSettings(config('production', 'sk_live_x', 'http://localhost:1'))).toThrow(
      'VOUCHSAFE_STRIPE_API',
    );
  });
});

it.each([
  ['eur', 2],
  ['JPY', 0],
  ['kwd', 3],
] as const)('an amount in %s has %i decimals', (currency, decimals) => {
  expect(moneyOf(1050, currency)).toEqual({ amount: 1050, currency: currency.toUpperCase(), decimals });
  expect(() => moneyOf(10.5, currency)).toThrow();
});
