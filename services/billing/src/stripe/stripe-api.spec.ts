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
    { key: secret('sk_test_marker'), api, livemode: false },
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
  stripe.write('a-key', (client, options) => client.customers.create({ name: 'Ada' }, options));

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
    [500, {}, { because: 'server-error', executed: 'unknown', replayed: false }],
    [429, { code: 'rate_limit' }, { because: 'rate-limited', executed: 'no' }],
    [
      401,
      { message: 'Invalid API Key provided: sk_test_marker' },
      { because: 'key-refused', executed: 'no' },
    ],
    [409, { type: 'idempotency_error' }, { because: 'busy', executed: 'unknown' }],
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
    expect(await createCustomer()).toMatchObject({ failed: 'unavailable', executed: 'unknown' });
    reply = (_, response) => void response.end('{"id":"cus');
    expect(await createCustomer()).toMatchObject({ because: 'broken-answer', executed: 'unknown' });
    reply = (request) => void request.destroy();
    expect(await createCustomer()).toMatchObject({ because: 'no-answer', executed: 'unknown' });
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

it('a queue turns away whoever comes when all places are taken, and serves the others in turn', async () => {
  const queue = new BoundedQueue({ atOnce: 1, waiting: 1 });
  const order: number[] = [];
  let release: () => void = () => undefined;
  const first = queue.run(() => new Promise<string>((resolve) => (release = () => resolve('first'))));
  const second = queue.run(() => Promise.resolve(order.push(2)));
  expect(await queue.run(() => Promise.resolve(3))).toBeUndefined();
  release();
  expect([await first, await second]).toEqual(['first', 1]);
  expect(await queue.run(() => Promise.resolve('free again'))).toBe('free again');
});

describe('the settings', () => {
  const config = (VOUCHSAFE_ENVIRONMENT: 'production' | 'testing', key?: string, api?: string) => ({
    VOUCHSAFE_ENVIRONMENT,
    STRIPE_SECRET_KEY: key === undefined ? undefined : secret(key),
    VOUCHSAFE_STRIPE_API: api,
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
