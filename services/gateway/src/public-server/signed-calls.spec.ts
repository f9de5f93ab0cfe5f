import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bootGateway, type RunningGateway } from '../gateway.service.js';
import { type GatewaySuite, gatewaySuite, operatorId, storedEntries } from '../testing/gateway-suite.js';

let suite: GatewaySuite;
let gateway: RunningGateway;

beforeAll(async () => {
  suite = await gatewaySuite();
  gateway = await bootGateway({ env: { ...suite.env, VOUCHSAFE_RATE_PUBLIC_CHANGES: '3/60' } });
});
afterAll(async () => {
  await gateway.stop();
  await suite.stop();
});

const signature = `t=1764396000,v1=${'0a'.repeat(32)},v0=${'0b'.repeat(32)}`;

async function send(body: string, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`${gateway.url}/webhooks/fake`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('a call that another system signs', () => {
  it('reaches the service as the bytes that were sent, valid JSON or not', async () => {
    const bodies = ['{ "a" : 1,\n  "a": 1.0e2, "id": 12345678901234567890 }', '{"torn', ''];
    for (const body of bodies) expect((await send(body, { 'stripe-signature': signature })).status).toBe(204);
    expect(suite.services.world.signed.map((one) => one.toString())).toEqual(bodies);
  });

  it('stands in the operator’s log, by its operation', async () => {
    const { headers } = await send('{}', { 'stripe-signature': signature });
    const entries = await storedEntries(suite.database);
    const entry = entries.find(({ payload }) => payload.requestId === headers.get('x-request-id'));
    expect(entry).toMatchObject({
      organization_id: operatorId,
      payload: { operation: 'webhook.take', outcome: 'success', status: 204 },
    });
  });

  it('is refused before it reaches the service where its signature has another form', async () => {
    const before = suite.services.world.signed.length;
    const forms = [undefined, '', 't=1', `v1=${'0a'.repeat(32)}`];
    const statuses: number[] = [];
    for (const form of forms)
      statuses.push((await send('{}', form === undefined ? {} : { 'stripe-signature': form })).status);
    // The rate of public changes is three in this suite.
    expect(statuses).toEqual([400, 400, 400, 429]);
    expect(suite.services.world.signed).toHaveLength(before);
  });

  it('is not kept out by a flood of those that nobody signed', async () => {
    for (let nth = 0; nth < 20; nth += 1) expect((await send('{}', {})).status).toBe(429);
    for (let nth = 0; nth < 20; nth += 1)
      expect((await send('{}', { 'stripe-signature': signature })).status).toBe(204);
    const metrics = await (await fetch(`${gateway.internalUrl}/metrics`)).text();
    expect(metrics).toMatch(/^gateway_unsigned_calls_total 3$/m);
  });

  it('too large is refused as any other', async () => {
    expect((await send('x'.repeat(20_001), { 'stripe-signature': signature })).status).toBe(413);
  });
});
