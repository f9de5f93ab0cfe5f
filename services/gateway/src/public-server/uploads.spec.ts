/** @promise P23 a body that is passed on as it arrives has its entry like any other, however it ends */
import { createHash, randomBytes } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bootGateway, type RunningGateway } from '../gateway.service.js';
import { apiKey, type GatewaySuite, gatewaySuite, storedEntries } from '../testing/gateway-suite.js';

const LIMIT = 5_000_000;
let suite: GatewaySuite;
let gateway: RunningGateway;

beforeAll(async () => {
  suite = await gatewaySuite();
  gateway = await bootGateway({
    env: {
      ...suite.env,
      VOUCHSAFE_BODY_TIMEOUT_MS: '1000',
      VOUCHSAFE_FILE_LIMIT: String(LIMIT),
      VOUCHSAFE_UPLOADS_TOGETHER: '4',
      VOUCHSAFE_UPLOADS_PER_CALLER: '3',
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await suite.stop();
});

interface Sending {
  readonly request: ClientRequest;
  readonly answer: Promise<{ readonly status: number; readonly body: string }>;
}

/** A file that is on its way: the caller writes it. */
function begin(id: string, headers: Record<string, string | number> = {}): Sending {
  const sent = request(`${gateway.url}/v1/things/${id}/content`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
  });
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    sent.once('response', (response: IncomingMessage) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    sent.once('error', reject);
  });
  answer.catch(() => undefined);
  sent.flushHeaders();
  return { request: sent, answer };
}

function arrived(id: string) {
  return suite.services.world.uploads.find((one) => one.id === id);
}

async function until<Found>(look: () => Found | undefined | Promise<Found | undefined>): Promise<Found> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(25);
  }
  throw new Error('It did not come');
}

async function entriesOf(id: string) {
  const entries = await storedEntries(suite.database);
  return entries
    .map(({ payload }) => payload)
    .filter(({ entity }) => (entity as { id: string } | null)?.id === id);
}

/** An id that stands in the log in clear. */
let last = 100;
const newId = () => String((last += 1));

describe('a file that is sent', () => {
  it('comes to the service as it arrives, whatever type it says it is, and has one entry', async () => {
    const [id, bytes] = [newId(), randomBytes(3_000_000)];
    const { request: sent, answer } = begin(id, { 'content-length': bytes.length });
    sent.write(bytes.subarray(0, 1_000_000));
    await until(() => ((arrived(id)?.bytes ?? 0) === 1_000_000 ? true : undefined));
    sent.end(bytes.subarray(1_000_000));
    expect((await answer).status).toBe(204);
    expect(arrived(id)).toEqual({
      ...{ id, mediaType: 'application/json', length: 3_000_000, bytes: 3_000_000 },
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(await entriesOf(id)).toMatchObject([
      { operation: 'thing.upload', outcome: 'success', status: 204 },
    ]);
  });

  it('without its length is taken, too', async () => {
    const id = newId();
    const { request: sent, answer } = begin(id);
    sent.end('a file');
    expect((await answer).status).toBe(204);
    expect(arrived(id)).toMatchObject({ bytes: 6 });
  });

  it.each([true, false])(
    'is refused when it is too large (its length was declared: %s)',
    async (declared) => {
      const id = newId();
      const { request: sent, answer } = begin(id, declared ? { 'content-length': LIMIT + 1 } : {});
      sent.on('error', () => undefined);
      sent.end(Buffer.alloc(LIMIT + 1));
      expect(await answer).toMatchObject({ status: 413, body: expect.stringContaining('content-too-large') });
      expect(arrived(id)?.sha256 ?? null).toBeNull();
    },
  );

  it('is refused when it stalls', async () => {
    const id = newId();
    const { request: sent, answer } = begin(id, { 'content-length': 100_000 });
    sent.write('slow');
    expect(await answer).toMatchObject({ status: 408, body: expect.stringContaining('request-timeout') });
    sent.destroy();
    expect(arrived(id)?.sha256).toBeNull();
    expect(await entriesOf(id)).toMatchObject([{ outcome: 'unknown', status: 408 }]);
  });

  it('hears why the service refuses it before it has sent it all', async () => {
    const { request: sent, answer } = begin('refused', { 'content-length': 4_000_000 });
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(100_000));
    expect(await answer).toMatchObject({ status: 507, body: expect.stringContaining('storage-full') });
    sent.destroy();
  });

  it('whose sender goes away has its entry, and makes room for the next', async () => {
    const id = newId();
    const { request: sent } = begin(id, { 'content-length': 100_000 });
    sent.write('the beginning');
    await until(() => ((arrived(id)?.bytes ?? 0) > 0 ? true : undefined));
    sent.destroy();
    expect(await until(async () => (await entriesOf(id)).at(0))).toMatchObject({ outcome: 'unknown' });
    expect(arrived(id)?.sha256).toBeNull();
  });

  it('keeps nobody waiting, however many there are; one caller may send a few at a time', async () => {
    const ids = [newId(), newId(), newId()];
    const sending = ids.map((id) => begin(id, { 'content-length': 1_000_000 }));
    for (const { request: sent } of sending) sent.write(Buffer.alloc(10_000));
    await Promise.all(ids.map((id) => until(() => arrived(id))));
    const one = begin(newId());
    one.request.end('one more');
    expect(await one.answer).toMatchObject({
      status: 429,
      body: expect.stringContaining('too-many-requests'),
    });
    const asked = await fetch(`${gateway.url}/v1/things/1`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(asked.status).toBe(200);
    for (const { request: sent } of sending) sent.end(Buffer.alloc(990_000));
    for (const { answer } of sending) expect((await answer).status).toBe(204);
    const next = begin(newId());
    next.request.end('the next');
    expect((await next.answer).status).toBe(204);
  });

  it('is not at fault where the service is slow', async () => {
    const { request: sent, answer } = begin('slow', { 'content-length': 4_900_000 });
    sent.end(Buffer.alloc(4_900_000));
    expect((await answer).status).toBe(204);
  });
});
