/** @promise P18 a trace shows neither who nor what */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Client } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';
import { type CollectedSpan, kinds, traceCollector, type TraceCollector } from './system/trace-collector.ts';

let collector: TraceCollector;
let system: SystemUnderTest;
let owner: Person;
/** Of the consumer's span, back to the gateway. */
let chain: CollectedSpan[];
let requestId: string;
const challenge = randomBytes(32).toString('base64url');

beforeAll(async () => {
  collector = await traceCollector();
  system = await startForTests(collector.env);
  owner = await signUp(system);
  await new Client(system.url).must(410, 'POST', `/v1/sessions/challenges/${challenge}`, {
    body: { totp: '123456' },
  });
  const answer = await owner.browser.send('PATCH', '/v1/organization?unknown=value-of-a-query', {
    body: { name: 'Traced' },
  });
  requestId = answer.headers['x-request-id'] as string;
  expect(answer.status).toBe(204);
  const published = await eventually('The published fact', () => find(isPublication));
  // Every service that reads organizations consumes the fact, in no order.
  const consumed = await eventually('The consumer', () =>
    find((one) => one.service === 'vouchsafe-audit' && follows(one, published)),
  );
  chain = [consumed, published];
  // Spans are exported when they end, parents last.
  for (let last = published; last.parentSpanId !== undefined && last.parentSpanId !== '';) {
    last = await parentOf(last);
    chain.push(last);
  }
}, 240_000);
afterAll(async () => {
  await system.stop();
  await collector.close();
}, 60_000);

describe('one trace', () => {
  it('leads from the consumer through the bus, the relay, the event and the service back to the gateway', () => {
    expect(chain.map(({ service, kind }) => [service, kind])).toEqual([
      ['vouchsafe-audit', kinds.consumer],
      ['vouchsafe-identity', kinds.producer],
      ['vouchsafe-identity', kinds.server],
      ['vouchsafe-gateway', kinds.client],
      ['vouchsafe-gateway', kinds.server],
    ]);
    const [, ...beforeTheBus] = chain;
    expect(new Set(beforeTheBus.map(({ traceId }) => traceId)).size).toBe(1);
  });

  it('holds the questions that a service asks another one', async () => {
    const [passedOn, received] = chain.slice(-2);
    const asked = await eventually('The question who calls', () =>
      find(
        ({ kind, name, parentSpanId, spanId }) =>
          kind === kinds.client &&
          name === 'POST' &&
          parentSpanId === received?.spanId &&
          spanId !== passedOn?.spanId,
      ),
    );
    await eventually('Its answer', () =>
      find(
        ({ kind, service, parentSpanId }) =>
          kind === kinds.server && service === 'vouchsafe-identity' && parentSpanId === asked.spanId,
      ),
    );
  });

  it('names the operation as the access log does, inside the service', async () => {
    const operation = await eventually('The operation', () =>
      find(({ name }) => name === 'organization.change'),
    );
    const server = chain.find(
      ({ service, kind }) => service === 'vouchsafe-identity' && kind === kinds.server,
    );
    expect(operation).toMatchObject({ parentSpanId: server?.spanId, traceId: server?.traceId });
  });

  it('is never one that a caller names', async () => {
    const chosen = 'deadbeef'.repeat(4);
    const answer = await owner.browser.send('GET', '/v1/organization', {
      headers: {
        traceparent: `00-${chosen}-${'b'.repeat(16)}-01`,
        tracestate: 'x=chosen',
        baggage: 'x=chosen',
      },
    });
    const { entries } = await eventually('The entry', async () => {
      const page = (await owner.browser.must(200, 'GET', '/v1/audit/entries', {
        query: { requestId: String(answer.headers['x-request-id']) },
      })) as { entries: { details: { traceId: string } }[] };
      return page.entries.length > 0 ? page : undefined;
    });
    const traceId = entries[0]?.details.traceId;
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(chosen);
    await eventually('The spans', () => find((span) => span.traceId === traceId));
    expect(collector.received.join('\n')).not.toMatch(/deadbeefdeadbeef|x=chosen/);
  });

  it('is the one that the entry in the log names', async () => {
    const { entries } = await eventually('The entry', async () => {
      const page = (await owner.browser.must(200, 'GET', '/v1/audit/entries', {
        query: { requestId },
      })) as { entries: { details: object }[] };
      return page.entries.length > 0 ? page : undefined;
    });
    expect(JSON.stringify(entries)).toContain(chain.at(-1)?.traceId);
  });

  it('shows neither who nor what: no address, no name, no query, no credentials (P18, P22)', async () => {
    await eventually('The masked path', () =>
      Promise.resolve(
        collector.received.some((text) => text.includes('/v1/sessions/challenges/***')) || undefined,
      ),
    );
    const all = collector.received.join('\n');
    const cookie = owner.browser.cookie?.split('=')[1] ?? '';
    const secrets = [owner.password, cookie, challenge, 'value-of-a-query'];
    const who = [owner.email, owner.name, 'Traced', 'vouchsafe-tests/1'];
    for (const value of [...secrets, ...who]) {
      expect(value).not.toBe('');
      expect([value, all.includes(value)]).toEqual([value, false]);
    }
  });
});

function isPublication({ name, kind }: CollectedSpan): boolean {
  return kind === kinds.producer && name === 'publish vouchsafe.identity.organization-renamed.v1';
}

/** A fact that was consumed alone continues its trace; of a batch each is linked. */
function follows(consumer: CollectedSpan, { spanId }: CollectedSpan): boolean {
  const before = [consumer.parentSpanId, ...consumer.links.map((link) => link.spanId)];
  return consumer.kind === kinds.consumer && before.includes(spanId);
}

function parentOf({ name, parentSpanId }: CollectedSpan): Promise<CollectedSpan> {
  return eventually(`The parent of ${name}`, () => find(({ spanId }) => spanId === parentSpanId));
}

function find(is: (span: CollectedSpan) => boolean): Promise<CollectedSpan | undefined> {
  return Promise.resolve(collector.spans.find(is));
}
