/** @promise P24 an asserted entry cannot pass for an observed one */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '@vouchsafe/database';
import { isJsonObject, type JsonObject, openLeaf } from '@vouchsafe/transparency-log';
import { AuditReturned } from '../audit.returned.js';
import { RemovePerson } from '../erasure/remove-person.js';
import { Vault } from '@vouchsafe/vault';
import { callerFor, withoutAsking } from '@vouchsafe/service-host';
import { type AskOptions, type AuditApp, auditApp } from '../testing/audit-app.js';
import { ada, aKey, aSession, ours, theirs } from '../testing/audit-database.js';
import type { Position } from './entry-search.js';
import type { EntryView } from './entry-view.js';
import { ListEntriesOfPerson } from './list-entries-of-person.js';

type Page = { entries: EntryView[]; next: string | null };
type Recorded = { entries: { id: string; logId: string; index: number }[] };

const otherKey = '7f0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c12';
const grace = '0f8fad5b-d9cb-469f-a165-708677289511';
const keyOf = (id: string, source?: string) => ({
  actor: { type: 'api-key' as const, id },
  ...(source === undefined ? {} : { source }),
});
const shop = keyOf(aKey, 'shop');

let app: AuditApp;
beforeAll(async () => {
  app = await auditApp();
});
afterAll(() => app.stop());

let sent = 0;
const submitted = (changes: object = {}) => ({
  id: `client-${(sent += 1)}`,
  occurredAt: '2026-11-20T10:00:00.000Z',
  actor: { type: 'user', id: ada },
  operation: 'invoice.read',
  entity: { type: 'invoice', id: 'INV-1' },
  outcome: 'success',
  ...changes,
});
const post = (entries: object[], as: NonNullable<AskOptions['as']> = shop, organizationId = ours) =>
  app.ask<Recorded & { errors?: { pointer: string; detail: string }[] }>('POST', '/v1/audit/entries', {
    body: { entries },
    ...{ organizationId, as },
  });
const list = async (query: Record<string, string>, organizationId = ours) =>
  (
    await app.ask<Page>('GET', `/v1/audit/entries?${new URLSearchParams(query).toString()}`, {
      organizationId,
    })
  ).body.entries;

async function leafOf({ logId, index }: { logId: string; index: number }): Promise<JsonObject> {
  const { body } = await app.ask<{ leaf: string }>('GET', `/v1/audit/entries/${logId}/${index}`);
  const opened = openLeaf(Buffer.from(body.leaf, 'base64'), []);
  if (opened.status !== 'opened' || !isJsonObject(opened.entry)) throw new Error('a leaf');
  return opened.entry;
}

async function recordedOne(changes: object = {}, as: NonNullable<AskOptions['as']> = shop) {
  const answer = await post([submitted(changes)], as);
  expect(answer.status).toBe(201);
  const [location] = answer.body.entries;
  if (!location) throw new Error('recorded');
  return location;
}

describe('an entry that was sent', () => {
  it('says in its leaf in clear which key sent it, from which source, and that it is asserted', async () => {
    const location = await recordedOne();
    expect(await leafOf(location)).toMatchObject({
      version: 2,
      submitter: { type: 'api-key', id: aKey },
      provenance: 'asserted',
      source: 'shop',
    });
    const [entry] = await list({ q: aKey });
    expect(entry).toMatchObject({
      index: location.index,
      submitter: { type: 'api-key', id: aKey },
      provenance: 'asserted',
      source: 'shop',
    });
  });

  it('by the session of a person says which, and has a source that no key can carry', async () => {
    const location = await recordedOne({}, { actor: { type: 'user', id: ada }, sessionId: aSession });
    expect(await leafOf(location)).toMatchObject({
      submitter: { type: 'session', id: aSession },
      provenance: 'asserted',
      source: `user:${ada}`,
    });
  });

  it('cannot say for itself who recorded it', async () => {
    for (const claim of [
      { provenance: 'observed' },
      { source: 'gateway' },
      { submitter: { type: 'service', id: 'gateway' } },
      { version: 1 },
    ])
      expect((await post([submitted(claim)])).status).toBe(400);
    // Among details, and nowhere else.
    const location = await recordedOne({ details: { provenance: 'observed', source: 'identity' } });
    expect(await leafOf(location)).toMatchObject({ provenance: 'asserted', source: 'shop' });
  });
});

describe('what is observed', () => {
  const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2cab';

  it('is told from what a key asserts, by every filter, alone and together', async () => {
    await app.ask('POST', '/v1/audit/exports', { body: { reason: 'a suspicion' }, organizationId });
    await post([submitted(), submitted()], shop, organizationId);
    await post([submitted()], keyOf(otherKey, 'back-office'), organizationId);
    await post([submitted()], { actor: { type: 'user', id: ada }, sessionId: aSession }, organizationId);
    const found = async (query: Record<string, string>) =>
      (await list({ ...query, order: 'oldest' }, organizationId)).map(({ index }) => index);
    expect(await found({})).toEqual([0, 1, 2, 3, 4]);
    expect(await found({ provenance: 'observed' })).toEqual([0]);
    expect(await found({ provenance: 'asserted' })).toEqual([1, 2, 3, 4]);
    expect(await found({ source: 'audit' })).toEqual([0]);
    expect(await found({ source: 'shop' })).toEqual([1, 2]);
    expect(await found({ source: 'back-office', provenance: 'observed' })).toEqual([]);
    expect(await found({ submitterType: 'service' })).toEqual([0]);
    expect(await found({ submitterType: 'api-key' })).toEqual([1, 2, 3]);
    expect(await found({ submitterType: 'session' })).toEqual([4]);
    expect(await found({ submitterId: 'audit' })).toEqual([0]);
    expect(await found({ submitterId: otherKey })).toEqual([3]);
    expect(await found({ submitterId: aSession, submitterType: 'session' })).toEqual([4]);
    expect(await found({ submitterId: aSession, submitterType: 'api-key' })).toEqual([]);
    expect(await found({ provenance: 'asserted', q: 'shop' })).toEqual([1, 2]);
  });

  it.each([
    { provenance: 'both' },
    { submitterType: 'user' },
    { submitterId: '' },
    { source: 'x'.repeat(101) },
  ])('is not asked for by %j', async (query) => {
    const answer = await app.ask(
      'GET',
      `/v1/audit/entries?${new URLSearchParams(query as Record<string, string>).toString()}`,
    );
    expect(answer.status).toBe(400);
  });

  it('cannot be imitated by a key: neither a log-in of somebody else, nor an entry by a service (P24)', async () => {
    const logIn = {
      operation: 'identity.logged-in',
      actor: { type: 'user', id: grace },
      requestId: 'request-1',
    };
    const byGateway = { actor: { type: 'service', id: 'gateway' } };
    for (const attack of [logIn, byGateway]) expect((await post([submitted(attack)])).status).toBe(400);
    // By names that are free it says what it likes, and stands apart.
    await recordedOne({ ...logIn, operation: 'session.create' });
    const about = { actor: grace, requestId: 'request-1' };
    expect(await list({ ...about, provenance: 'observed' })).toEqual([]);
    expect(await list(about)).toMatchObject([{ provenance: 'asserted', submitter: { id: aKey } }]);
  });
});

describe('names that are reserved', () => {
  it.each([
    ['identity.logged-in', '/entries/0/operation'],
    ['Identity.logged-in', '/entries/0/operation'],
    ['IDENTITY:logged-in', '/entries/0/operation'],
    ['identity/logged-in', '/entries/0/operation'],
    ['identity_logged-in', '/entries/0/operation'],
    ['gateway.request', '/entries/0/operation'],
    ['audit.read', '/entries/0/operation'],
    ['audit-log.succeed', '/entries/0/operation'],
    ['audit-entry.record', '/entries/0/operation'],
    ['billing.invoice-paid', '/entries/0/operation'],
    ['lifecycle.purged', '/entries/0/operation'],
    ['vouchsafe.anything', '/entries/0/operation'],
    ['vouchsafe', '/entries/0/operation'],
    ['identityLogged-in', '/entries/0/operation'],
    ['IdentityLoggedIn', '/entries/0/operation'],
    ['auditLog.x', '/entries/0/operation'],
    ['aUdit.x', '/entries/0/operation'],
  ])('are refused as an operation, with the pointer and the reason: %s', async (operation, pointer) => {
    const { status, body } = await post([submitted({ operation })]);
    expect([status, body.errors]).toEqual([400, [{ pointer, detail: expect.stringContaining('reserved') }]]);
  });

  it.each([
    'api-key',
    'API-KEY',
    'api_key',
    'apikey',
    'staff',
    'Staff',
    'service',
    'SERVICE',
    'service/gateway',
    'service:gateway',
    'anonymous',
  ])('are refused as a type of actor: %s', async (type) => {
    const { status, body } = await post([submitted(), submitted({ actor: { type, id: 'x' } })]);
    expect([status, body.errors]).toEqual([
      400,
      [{ pointer: '/entries/1/actor/type', detail: expect.stringContaining('reserved') }],
    ]);
  });

  it.each([
    ['session.create', 'user'],
    ['member.remove', 'customer-user'],
    ['identities.merge', 'service-account'],
    ['invoice.audit.read', 'staffing-agency'],
    ['auditor.invite', 'bot'],
  ])('are no others: %s by %s', async (operation, type) => {
    expect((await post([submitted({ operation, actor: { type, id: 'x' } })])).status).toBe(201);
  });
});

describe('the id of an entry', () => {
  it('is unique within its source: one key blocks no other', async () => {
    const id = 'order-1';
    const first = await recordedOne({ id });
    const other = await recordedOne({ id, outcome: 'failure' }, keyOf(otherKey, 'back-office'));
    expect(other.index).not.toBe(first.index);
    expect((await post([submitted({ id, outcome: 'failure' })])).status).toBe(409);
  });

  it('is known to the key that takes over the source', async () => {
    const entry = submitted({ id: 'order-2' });
    const first = await post([entry]);
    const after = await post([entry], keyOf(otherKey, 'shop'));
    expect([after.status, after.body]).toEqual([201, first.body]);
    expect((await leafOf(first.body.entries[0] ?? { logId: '', index: 0 })).submitter).toEqual({
      type: 'api-key',
      id: aKey,
    });
    expect((await post([{ ...entry, outcome: 'failure' }], keyOf(otherKey, 'shop'))).status).toBe(409);
  });

  it('of a person is known after the next log-in, and to no other person', async () => {
    const entry = submitted({ id: 'order-3' });
    const of = (id: string, sessionId: string) => ({ actor: { type: 'user' as const, id }, sessionId });
    const first = await post([entry], of(ada, aSession));
    expect((await post([entry], of(ada, otherKey))).body).toEqual(first.body);
    expect((await post([entry], of(grace, aSession))).body).not.toEqual(first.body);
  });

  it('that reads like a source and an id is no other’s', async () => {
    const first = await recordedOne({ id: 'order-4' });
    const other = await recordedOne({ id: '["shop","order-4"]' }, keyOf(otherKey));
    expect(other.index).not.toBe(first.index);
  });

  it('is one organization’s alone (P19)', async () => {
    const entry = submitted({ id: 'order-5' });
    await post([entry]);
    const { body } = await post([{ ...entry, outcome: 'failure' }], shop, theirs);
    expect(body.entries).toHaveLength(1);
  });
});

describe('the id of an entry whose person is erased (P10)', () => {
  async function erase(userId: string): Promise<void> {
    const [database, vault] = [app.service.app.get(Database), app.service.app.get(Vault)];
    const subject = { organizationId: ours, subjectId: userId };
    await database.asRetention((sql) => vault.destroySubject(sql, subject, new Date()));
    const erasure = { erasureId: randomUUID(), userId, organizationId: ours, requestedAt: new Date() };
    await app.service.app.get(RemovePerson, { strict: false }).remove(
      {
        ...{ of: 'person', ...erasure },
        ...{ organizations: [ours], subjects: [userId] },
      },
      withoutAsking(database),
    );
  }
  const of = (userId: string) =>
    submitted({ actor: { type: 'user', id: userId }, url: '/invoices/1', details: { seats: 2, to: 'Alan' } });

  it('stays known, and its answer says that the erased values were not compared', async () => {
    const userId = randomUUID();
    const entry = of(userId);
    const [first] = (await post([entry])).body.entries;
    await erase(userId);
    // Recorded after the erasure, so that nothing of it was ever kept but its leaf.
    const late = of(userId);
    const [location] = (await post([late])).body.entries;
    expect(location).not.toHaveProperty('partlyCompared');
    const again = await post([entry, late, submitted()], keyOf(otherKey, 'shop'));
    expect(again.status).toBe(201);
    expect(again.body.entries.slice(0, 2)).toEqual([
      { ...first, partlyCompared: true },
      { ...location, partlyCompared: true },
    ]);
    expect(again.body.entries[2]).not.toHaveProperty('partlyCompared');
  });

  it('is refused with a content that the leaf alone tells to be another, and nothing is recorded', async () => {
    const userId = randomUUID();
    const entry = of(userId);
    await post([entry]);
    await erase(userId);
    const newest = async () => (await list({ limit: '1' }))[0]?.index;
    const before = await newest();
    for (const other of [
      { occurredAt: '2026-11-20T10:00:00.000000001Z' },
      { operation: 'invoice.delete' },
      { outcome: 'denied' },
      { actor: { type: 'customer-user', id: userId } },
      { entity: { type: 'order', id: 'INV-1' } },
      { entity: null },
      { url: null },
      { sourceIp: '203.0.113.9' },
      { details: {} },
      { details: { seats: 2, to: 'Alan', __proto__: 1, more: true } },
    ]) {
      const answer = await post([submitted(), { ...entry, ...other }]);
      expect([other, answer.status, answer.body]).toMatchObject([
        other,
        409,
        { code: 'conflict', errors: [{ pointer: '/entries/1' }] },
      ]);
    }
    expect(await newest()).toBe(before);
  });

  it('tells nobody which of its erased values were right', async () => {
    const userId = randomUUID();
    const entry = of(userId);
    await post([entry]);
    await erase(userId);
    const [guessed, right] = [{ ...entry, details: { seats: 2, to: 'Grace' } }, entry];
    expect((await post([guessed])).body).toEqual((await post([right])).body);
  });
});

describe('the time of an entry', () => {
  it.each([
    ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00.1Z', '2026-11-20T10:00:00.100Z'],
    ['2026-11-20T10:00:00.1234Z', '2026-11-20T10:00:00.1234Z'],
    ['2026-11-20T10:00:00.123456789Z', '2026-11-20T10:00:00.123456789Z'],
    ['2026-11-20T10:00:00.120000000Z', '2026-11-20T10:00:00.120000000Z'],
    ['2026-11-20T10:00:00.999999999Z', '2026-11-20T10:00:00.999999999Z'],
    ['2026-11-20T12:30:00.123456789+05:45', '2026-11-20T06:45:00.123456789Z'],
    ['2026-12-31T20:00:00.000000001-05:00', '2027-01-01T01:00:00.000000001Z'],
  ])('keeps the digits that were sent, in UTC: %s', async (occurredAt, kept) => {
    const location = await recordedOne({ occurredAt });
    expect((await leafOf(location)).occurredAt).toBe(kept);
    const read = await app.ask<{ entry: EntryView }>(
      'GET',
      `/v1/audit/entries/${location.logId}/${location.index}`,
    );
    expect(read.body.entry.occurredAt).toBe(kept);
  });

  it.each([
    ['2026-11-20T10:00:00.1234567890Z', 'nine digits'],
    ['2016-12-31T23:59:60Z', 'leap second'],
    ['2016-12-31T23:59:60.5+00:00', 'leap second'],
    ['2026-02-30T10:00:00Z', 'RFC 3339'],
    ['1969-12-31T23:59:59.999999999Z', '1970'],
  ])('is refused with the reason: %s', async (occurredAt, reason) => {
    const { status, body } = await post([submitted({ occurredAt })]);
    expect([status, body.errors]).toEqual([
      400,
      [{ pointer: '/entries/0/occurredAt', detail: expect.stringContaining(reason) }],
    ]);
  });

  it('is content: the same id with other digits is refused', async () => {
    const entry = submitted({ occurredAt: '2026-11-20T10:00:00.123456789Z' });
    expect((await post([entry, entry])).status).toBe(201);
    expect((await post([entry])).status).toBe(201);
    expect((await post([{ ...entry, occurredAt: '2026-11-20T11:00:00.123456789+01:00' }])).status).toBe(201);
    expect((await post([{ ...entry, occurredAt: '2026-11-20T10:00:00.123456788Z' }])).status).toBe(409);
    expect((await post([{ ...entry, occurredAt: '2026-11-20T10:00:00.123Z' }])).status).toBe(409);
  });

  it('is found by ranges that meet without a gap, to the microsecond', async () => {
    const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2cac';
    const times = ['12:00:00.0000009', '12:00:00.000001', '12:00:00.0009995', '12:00:00.9999999'];
    await post(
      times.map((time) => submitted({ occurredAt: `2026-11-20T${time}Z` })),
      shop,
      organizationId,
    );
    const between = async (from: string, to: string) =>
      (
        await list({ from: `2026-11-20T${from}Z`, to: `2026-11-20T${to}Z`, order: 'oldest' }, organizationId)
      ).map(({ index }) => index);
    expect(await between('12:00:00', '12:00:00.000001')).toEqual([0]);
    expect(await between('12:00:00.000001', '12:00:00.0009995')).toEqual([1]);
    expect(await between('12:00:00.0009995', '12:00:01')).toEqual([2, 3]);
    expect(await between('12:00:01', '12:00:02')).toEqual([]);
  });
});

describe('the entries of a person (P10)', () => {
  it('are those of what they did and of what was done to them, page by page, without the values of others', async () => {
    const [organizationId, she, he] = [randomUUID(), randomUUID(), randomUUID()];
    const entry = (actor: string, about: { type: string; id: string }, text: string) =>
      submitted({ actor: { type: 'user', id: actor }, entity: about, details: { text } });
    const her = { type: 'user', id: she };
    const invoice = { type: 'invoice', id: 'INV-7' };
    const bySession = { actor: { type: 'user' as const, id: he }, sessionId: randomUUID() };
    await post([entry(she, invoice, 'hers-1'), entry(he, invoice, 'his-1')], shop, organizationId);
    await post([entry(he, her, 'his-2')], bySession, organizationId);
    const named = submitted({
      ...{ actor: { type: 'user', id: she }, entity: invoice },
      details: { text: 'hers-3', nested: [{ userId: he, subjects: [she, he], kept: 'hers-4' }] },
    });
    await post([entry(she, her, 'hers-2'), named], shop, organizationId);
    const scope = { of: 'entity', entityType: 'user', entityId: he };
    await post([submitted({ actor: her, entity: invoice, details: { scope } })], shop, organizationId);
    const url = `/v1/members/${he}/erasure?of=${he}`;
    await post([submitted({ actor: her, entity: invoice, url })], shop, organizationId);
    const table = app.service.app.get(AuditReturned, { strict: false }).entriesOfPerson;
    const asked = {
      organizationId,
      caller: callerFor(organizationId, 'audit'),
      from: undefined,
      to: undefined,
    };
    const found: object[] = [];
    let cursor: string | undefined;
    do {
      const person = { userId: she, subjects: [she] };
      const page = await table.page({ ...asked, person, limit: 2, cursor });
      found.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(found).toMatchObject([
      { actor: { type: 'user', id: she }, entity: invoice, details: { text: 'hers-1' }, withheld: 0 },
      { actor: { type: 'user', id: null }, entity: { type: 'user' }, source: 'user', details: {} },
      { actor: { id: she }, entity: her, details: { text: 'hers-2' } },
      {
        actor: { id: she },
        entity: invoice,
        details: { text: 'hers-3', nested: [{ kept: 'hers-4' }] },
        withheld: 2,
      },
      { details: { scope: { of: 'entity', entityType: 'user' } }, withheld: 1 },
      { actor: { id: she }, url: '/v1/members/***/erasure?of=***' },
    ]);
    expect(found).toHaveLength(6);
    const looked = app.service.app.get(ListEntriesOfPerson, { strict: false });
    const again: object[] = [];
    for (let after: Position | null = null; ;) {
      const page = await looked.list(
        organizationId,
        { userId: she, subjects: [she] },
        { limit: 50, after },
        1,
      );
      again.push(...page.entries);
      if (page.next === null) break;
      after = page.next;
    }
    expect(again).toEqual(found);
    expect(JSON.stringify(found)).not.toMatch(new RegExp(`his-|${he}`));
  });
});
