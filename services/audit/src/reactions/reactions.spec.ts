import { generateKeySync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type DataOf,
  gatewayFacts,
  identityFacts,
  publication,
  type Publication,
} from '@vouchsafe/contracts';
import type { OrganizationId, UserId } from '@vouchsafe/event-sourcing';
import type { DepartingMessage } from '@vouchsafe/event-store';
import { type Bus, busMessage, embeddedBus } from '@vouchsafe/messaging';
import { Database } from '@vouchsafe/database';
import { topicOf, topicSpecs, serviceUrlVariables } from '@vouchsafe/service-host';
import { type TransitKey, Vault } from '@vouchsafe/vault';
import type { EntryView } from '../entry/entry-view.js';
import { type AuditApp, auditApp, operator } from '../testing/audit-app.js';
import { ada, ours } from '../testing/audit-database.js';

let app: AuditApp;
let bus: Bus;
const transitKeys = new Map<string, TransitKey>();
/** Where audit asks the gateway and identity for the keys of their messages. */
const sources = createServer((request, response) => {
  const ids = new URL(request.url ?? '', 'http://localhost').searchParams.get('ids')?.split(',') ?? [];
  const keys = [...transitKeys.values()]
    .filter(({ id }) => ids.includes(id))
    .map(({ key, ...of }) => ({ ...of, key: key.export().toString('base64url') }));
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys, held: 60_000 }));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => sources.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(sources.address() as AddressInfo).port}`;
  app = await auditApp(serviceUrlVariables(() => url));
  bus = embeddedBus({ url: app.env.VOUCHSAFE_BUS_URL ?? '' });
  await bus.ensureTopics(topicSpecs());
});
afterAll(async () => {
  await bus.close();
  await app.stop();
  sources.close();
});

const numbers = new Map<string, bigint>();
function message(source: string, organizationId: string, fact: Publication, lane = 3): DepartingMessage {
  const number = (numbers.get(`${source}/${lane}`) ?? 0n) + 1n;
  numbers.set(`${source}/${lane}`, number);
  return {
    ...{ source, lane, number, key: organizationId, publication: fact },
    id: `${source}/${lane}/${number}`,
    time: new Date(),
    traceparent: undefined,
    transitKey: transitKeyOf(source, organizationId),
  };
}
function transitKeyOf(source: string, organizationId: string): TransitKey {
  const name = `${source}/${organizationId}`;
  const made = { id: randomUUID(), organizationId, key: generateKeySync('aes', { length: 256 }) };
  const key = transitKeys.get(name) ?? made;
  transitKeys.set(name, key);
  return key;
}
const send = (source: string, messages: readonly DepartingMessage[]) =>
  bus.send(topicOf(source), messages.map(busMessage));

type Request = DataOf<typeof gatewayFacts.requestHandled>;
const request = (changes: Partial<Request> = {}): Request => ({
  requestId: randomUUID(),
  instanceId: randomUUID(),
  sequence: 1,
  organizationId: ours as OrganizationId,
  actor: { type: 'user', id: ada },
  userId: ada,
  sessionId: randomUUID(),
  staffGrantId: null,
  method: 'GET',
  url: '/v1/members/0f8fad5b-d9cb-469f-a165-70867728950e',
  route: '/v1/members/{id}',
  operation: 'member.read',
  entity: { type: 'member', id: '0f8fad5b-d9cb-469f-a165-70867728950e' },
  outcome: 'success',
  status: 200,
  part: 'whole',
  bytes: null,
  sourceIp: '203.0.113.80',
  userAgent: 'Firefox/140',
  receivedAt: new Date().toISOString(),
  occurredAt: new Date().toISOString(),
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  ...changes,
});
const handled = (changes: Partial<Request> = {}) =>
  publication(gatewayFacts.requestHandled, request(changes));

async function entries(query: string, count: number, organizationId = ours): Promise<EntryView[]> {
  for (let tries = 0; ; tries += 1) {
    const { body } = await app.ask<{ entries: EntryView[] }>('GET', `/v1/audit/entries?${query}`, {
      organizationId,
    });
    if (body.entries.length >= count || tries > 300) return body.entries;
    await sleep(20);
  }
}

async function leafOf(entry: EntryView | undefined): Promise<Record<string, unknown>> {
  if (!entry) throw new Error('recorded');
  const { logId, index } = entry;
  const read = await app.ask<{ leaf: string }>('GET', `/v1/audit/entries/${logId}/${index}`);
  return JSON.parse(Buffer.from(read.body.leaf, 'base64').toString()) as Record<string, unknown>;
}

describe('the access log of the gateway', () => {
  it('names the person of a request that nobody was authenticated for: a right password, a link (ASVS 16.3.1)', async () => {
    const halfway = handled({
      ...{
        requestId: 'halfway',
        actor: { type: 'anonymous', id: 'anonymous' },
        userId: ada,
        sessionId: null,
      },
      ...{ operation: 'session.create', details: { next: 'totp' } },
    });
    const nobody = handled({
      ...{ requestId: 'nobody', actor: { type: 'anonymous', id: 'anonymous' }, userId: null },
    });
    await send('gateway', [
      message('gateway', ours, halfway),
      message('gateway', ours, nobody),
      message('gateway', ours, handled({ requestId: 'herself' })),
    ]);
    const [entry] = await entries(`q=${ada} totp&requestId=halfway`, 1);
    expect(entry).toMatchObject({
      actor: { type: 'anonymous' },
      outcome: 'success',
      details: { userId: ada, next: 'totp' },
    });
    for (const requestId of ['nobody', 'herself']) {
      const [other] = await entries(`requestId=${requestId}`, 1);
      expect(other?.details).toBeDefined();
      expect(other?.details).not.toHaveProperty('userId');
    }
  });

  it('is one entry a request, with everything that P23 names', async () => {
    const details = { shown: { log: '3-9' } };
    await send('gateway', [message('gateway', ours, handled({ requestId: 'first-request', details }))]);
    const [entry] = await entries('requestId=first-request', 1);
    expect(entry).toMatchObject({
      source: 'gateway',
      actor: { type: 'user', id: ada },
      operation: 'member.read',
      entity: { type: 'member', id: ada },
      outcome: 'success',
      sourceIp: '203.0.113.80',
      url: `/v1/members/${ada}`,
      userAgent: 'Firefox/140',
      details: { method: 'GET', status: 200, route: '/v1/members/{id}', shown: { log: '3-9' } },
    });
    const leaf = JSON.stringify(await leafOf(entry));
    for (const personal of ['203.0.113.80', '/v1/members/0f', 'Firefox'])
      expect(leaf).not.toContain(personal);
    expect(leaf).toContain(ada);
  });

  it('is told of a retention run that sealed values in it', async () => {
    const runId = randomUUID();
    const sealed = publication(gatewayFacts.valuesSealed, {
      ...{ organizationId: ours as OrganizationId, runId, events: 3, requestId: null },
      actor: { type: 'staff', id: 'operator' },
      occurredAt: new Date().toISOString(),
    });
    await send('gateway', [message('gateway', ours, sealed)]);
    const [entry] = await entries('operation=gateway.values-sealed', 1);
    expect(entry).toMatchObject({ source: 'gateway', outcome: 'success', details: { runId, events: 3 } });
  });

  it('says in clear how long a user agent was of which it holds the beginning', async () => {
    const details = { userAgentLength: 1043 };
    const cut = handled({ requestId: 'long-agent', userAgent: 'x'.repeat(512), details });
    await send('gateway', [message('gateway', ours, cut)]);
    const [entry] = await entries('requestId=long-agent', 1);
    expect(entry).toMatchObject({ userAgent: 'x'.repeat(512), details });
    expect(await leafOf(entry)).toMatchObject({ details });
  });

  it('hides an entity id that a caller made up', async () => {
    const entity = { type: 'member', id: 'bob@example.org' };
    await send('gateway', [
      message('gateway', ours, handled({ requestId: 'second-request', entity, outcome: 'failure' })),
    ]);
    const [entry] = await entries('entityId=bob@example.org', 1);
    expect(JSON.stringify(await leafOf(entry))).not.toContain('bob@');
  });

  it('has each request once, however often and in whatever batches it is delivered', async () => {
    const messages = Array.from({ length: 60 }, (_, i) =>
      message('gateway', ours, handled({ operation: 'lamp.switch', requestId: `again-${i}` }), 7),
    );
    await send('gateway', messages.slice(0, 40));
    await send('gateway', messages.slice(20, 50));
    await send('gateway', messages);
    const found = await entries('operation=lamp.switch&limit=1000&order=oldest', 60);
    await sleep(200);
    expect(found.map((entry) => entry.requestId)).toEqual(messages.map((_, i) => `again-${i}`));
    expect(await entries('operation=lamp.switch&limit=1000', 60)).toHaveLength(60);
  });

  it('puts what belongs to no customer into the operator’s log', async () => {
    const fact = handled({
      organizationId: operator as OrganizationId,
      requestId: 'nobody',
      operation: 'audit-log.checkpoint',
    });
    await send('gateway', [message('gateway', operator, fact)]);
    expect(await entries('operation=audit-log.checkpoint', 1, operator)).toHaveLength(1);
    expect(await entries('operation=audit-log.checkpoint', 0)).toEqual([]);
  });
});

describe('facts of identity', () => {
  const base = {
    organizationId: ours as OrganizationId,
    actor: { type: 'user' as const, id: ada },
    occurredAt: new Date().toISOString(),
    requestId: 'sign-up-request',
  };

  it('are entries: closed values in clear, personal ones of the person concerned only as digests', async () => {
    const userId = randomUUID() as UserId;
    await send('identity', [
      message(
        'identity',
        ours,
        publication(identityFacts.userRegistered, {
          ...base,
          userId,
          email: 'grace@example.org',
          name: 'Grace',
        }),
      ),
      message(
        'identity',
        ours,
        publication(identityFacts.memberRoleChanged, { ...base, userId, from: 'member', to: 'auditor' }),
      ),
    ]);
    const [registered] = await entries('operation=identity.user-registered', 1);
    expect(registered).toMatchObject({
      source: 'identity',
      actor: { id: ada },
      entity: { type: 'user', id: userId },
      details: { email: 'grace@example.org', name: 'Grace' },
    });
    expect(JSON.stringify(await leafOf(registered))).not.toMatch(/grace/i);
    const [changed] = await entries('q=auditor', 1);
    expect((await leafOf(changed)).details).toEqual({
      userId,
      from: 'member',
      to: 'auditor',
    });
  });

  it('names a denied log-in so', async () => {
    const fact = publication(identityFacts.logInFailed, {
      ...base,
      userId: ada as UserId,
      reason: 'wrong-password',
      sourceIp: '198.51.100.23',
      userAgent: null,
    });
    await send('identity', [message('identity', ours, fact)]);
    const [failed] = await entries('outcome=denied&sourceIp=198.51.100.23', 1);
    expect(failed).toMatchObject({
      operation: 'identity.log-in-failed',
      details: { reason: 'wrong-password' },
    });
  });

  it('read as erased where a person’s key is destroyed, and every proof still holds (P10)', async () => {
    const userId = randomUUID() as UserId;
    const fact = publication(identityFacts.userRegistered, {
      ...base,
      userId,
      email: 'alan@example.org',
      name: 'Alan',
    });
    await send('identity', [message('identity', ours, fact)]);
    const [before] = await entries(`entityId=${userId}`, 1);
    expect(before?.details).toMatchObject({ name: 'Alan' });
    const [database, vault] = [app.service.app.get(Database), app.service.app.get(Vault)];
    await database.asRetention((sql) =>
      vault.destroySubject(sql, { organizationId: ours, subjectId: userId }, new Date()),
    );
    const after = await entries(`entityId=${userId}`, 1);
    expect(after[0]).toMatchObject({ details: {}, erased: 2 });
    const read = await app.ask('GET', `/v1/audit/entries/${before?.logId}/${before?.index}`);
    expect(read.status).toBe(200);
  });
});
