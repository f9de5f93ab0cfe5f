import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEntryDetails } from '@vouchsafe/service-host';
import {
  canonicalJson,
  leafHash,
  parseJson,
  parseTlogProof,
  verifyInclusion,
  parseCheckpoint,
  parseNote,
} from '@vouchsafe/transparency-log';
import { type AuditApp, auditApp, type Problem } from '../testing/audit-app.js';
import { ada, ours, theirs } from '../testing/audit-database.js';
import type { EntryView } from './entry-view.js';

type Page = { entries: EntryView[]; next: string | null };
type Recorded = { entries: { id: string; logId: string; index: number }[] };

let app: AuditApp;
beforeAll(async () => {
  app = await auditApp();
});
afterAll(() => app.stop());

let sent = 0;
const minute = (n: number) => new Date(Date.UTC(2026, 10, 20, 10, n)).toISOString();
const submitted = (changes: object = {}) => ({
  id: `client-${(sent += 1)}`,
  occurredAt: minute(0),
  actor: { type: 'user', id: ada },
  operation: 'invoice.read',
  entity: { type: 'invoice', id: 'INV-1' },
  outcome: 'success',
  sourceIp: '203.0.113.9',
  url: '/invoices/INV-1',
  details: { name: 'Ada Lovelace' },
  ...changes,
});
const post = (entries: object[], organizationId = ours) =>
  app.ask<Recorded>('POST', '/v1/audit/entries', { body: { entries }, organizationId });
const list = (query: string, organizationId = ours) =>
  app.ask<Page>('GET', `/v1/audit/entries?${query}`, { organizationId });
const shown = (headers: Headers) =>
  readEntryDetails(headers.get('vouchsafe-entry-details') ?? '') as { shown: Record<string, string> };

describe('POST /v1/audit/entries', () => {
  it('answers with locations, and a proof follows at once', async () => {
    const recorded = await post([submitted(), submitted({ operation: 'invoice.delete', outcome: 'denied' })]);
    expect(recorded.status).toBe(201);
    const [, second] = recorded.body.entries;
    const read = await app.ask<{ entry: EntryView; leaf: string; proof: string }>(
      'GET',
      `/v1/audit/entries/${second?.logId}/${second?.index}`,
    );
    expect(read.status).toBe(200);
    expect(read.body.entry).toMatchObject({
      operation: 'invoice.delete',
      outcome: 'denied',
      actor: { type: 'user', id: ada },
      sourceIp: '203.0.113.9',
      details: { name: 'Ada Lovelace' },
      erased: 0,
    });
    const proof = parseTlogProof(Buffer.from(read.body.proof));
    const checkpoint = parseCheckpoint(parseNote(proof?.checkpoint ?? Buffer.alloc(0))?.text ?? '');
    if (!proof || !checkpoint) throw new Error('a proof');
    const hash = leafHash(Buffer.from(read.body.leaf, 'base64'));
    expect(verifyInclusion(proof.hashes, proof.index, checkpoint.size, hash, checkpoint.root)).toBe(true);
    expect(shown(read.headers)).toEqual({ shown: { [second?.logId ?? '']: String(second?.index) } });
  });

  it('records an id sent twice once, and answers the same', async () => {
    const entry = submitted();
    const [once, twice] = [await post([entry]), await post([entry])];
    expect(twice.body).toEqual(once.body);
    const other = await post([{ ...entry, outcome: 'failure' }]);
    expect([other.status, other.body]).toMatchObject([409, { code: 'conflict', reason: 'id-reused' }]);
  });

  it.each([
    ['no entries', []],
    ['1,001 entries', Array.from({ length: 1001 }, () => submitted())],
    ['an unknown field', [submitted({ secret: 1 })]],
    ['an outcome that only the gateway knows', [submitted({ outcome: 'unknown' })]],
    ['an address that is none', [submitted({ sourceIp: '1.2.3' })]],
    ['a time without an offset', [submitted({ occurredAt: '2026-11-20T10:00:00' })]],
    ['the leaf’s own names', [submitted({ details: { x: { _sd: [] } } })]],
    [
      'an entry that no leaf can hold',
      [submitted({ details: Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`n${i}`, 1])) })],
    ],
  ])('refuses %s', async (_, entries) => {
    const answer = await post(entries);
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'invalid-request' }]);
  });

  it('needs audit:write, and reading needs audit:read (P02)', async () => {
    const write = await app.ask('POST', '/v1/audit/entries', {
      body: { entries: [submitted()] },
      permissions: ['audit:read'],
    });
    const read = await app.ask('GET', '/v1/audit/entries', { permissions: ['audit:write'] });
    const nobody = await app.ask('GET', '/v1/audit/entries', { organizationId: null });
    expect([write.status, read.status, nobody.status]).toEqual([403, 403, 401]);
  });
});

describe('what is sent is recorded exactly, or refused', () => {
  /** An entry whose details are spelled by hand: no JavaScript value could say all that a text can. */
  const posted = (details: string) => {
    const [before, after] = JSON.stringify({ entries: [submitted({ details: '#' })] }).split('"#"');
    return app.ask<Recorded & Problem>('POST', '/v1/audit/entries', { json: `${before}${details}${after}` });
  };
  /** The text of an entry's details in an answer, whose JSON nobody has read yet. */
  const detailsIn = ({ bytes }: { bytes: Buffer }) =>
    /"details":([^]*),"erased":/.exec(bytes.toString())?.[1];

  it.each([
    ['names that JavaScript has for itself', '{"constructor":1,"__proto__":{"a":1},"prototype":[]}'],
    ['them within others', '{"a":[{"__proto__":{"b":[]},"constructor":{"prototype":null}}],"toString":"x"}'],
    ['names of numbers', '{"10":1,"9":2,"x":3}'],
    [
      'numbers of every size',
      '{"n":[0,1e-7,0.1,-1.5,9007199254740991,9007199254740992,1e+21,5e-324,1.7976931348623157e+308]}',
    ],
    ['texts of every script', '{"t":"é 漢字 😀 \u2028 \\u001f \\" \\\\ /","😀":""}'],
    ['nothing', '{"a":null,"b":{},"c":[],"d":""}'],
  ])('gives back %s', async (_, details) => {
    const recorded = await posted(details);
    expect([recorded.status, recorded.body.errors]).toEqual([201, undefined]);
    const [location] = recorded.body.entries;
    const one = await app.ask('GET', `/v1/audit/entries/${location?.logId}/${location?.index}`);
    const listed = await list('limit=1');
    // Member by member, in any order: the order of names says nothing in JSON.
    for (const answer of [one, listed]) expect(canonicalText(detailsIn(answer))).toBe(canonicalText(details));
  });

  it('gives back escaped names, whatever names came before (nodejs/node#63785)', async () => {
    expect((await posted('{"h":[],"\\\\":0}')).status).toBe(201);
    for (const [details, canonical] of [
      ['{"h":1,"\\"":2}', '{"\\"":2,"h":1}'],
      ['{"h":1,"\\u0061":2}', '{"a":2,"h":1}'],
    ] as const) {
      expect((await posted(details)).status).toBe(201);
      expect(canonicalText(detailsIn(await list('limit=1')))).toBe(canonical);
    }
  });

  it('takes a number in another spelling for the number that it is', async () => {
    const recorded = await posted('{"n":[1.0,1e2,0.10,-0]}');
    expect(recorded.status).toBe(201);
    expect(detailsIn(await list('limit=1'))).toBe('{"n":[1,100,0.1,0]}');
  });

  it.each([
    ['a number that comes back as another', '{"n":9007199254740993}', '/n'],
    ['a number too large', '{"n":[1e400]}', '/n/0'],
    ['a number too small', '{"n":{"x":1e-400}}', '/n/x'],
    ['a name given twice', '{"a":{"b":1,"b":2}}', '/a/b'],
    ['a name given twice in two spellings', '{"a":1,"\\u0061":2}', '/a'],
    ['half a surrogate pair', '{"a":"\\ud800"}', '/a'],
    ['half a surrogate pair in a name', '{"a":{"\\ud800":1}}', '/a'],
    ['no object', '[]', ''],
    ['a name too long', `{"${'n'.repeat(101)}":1}`, `/${'n'.repeat(101)}`],
  ])('refuses %s and says where', async (_, details, pointer) => {
    const before = (await list('limit=1')).body.entries[0]?.index;
    const answer = await posted(details);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request']);
    expect(answer.body.errors?.map((error) => error.pointer)).toEqual([`/entries/0/details${pointer}`]);
    expect((await list('limit=1')).body.entries[0]?.index).toBe(before);
  });

  it('tells two contents of one id apart by a member called __proto__', async () => {
    const entry = JSON.stringify({ entries: [submitted({ details: '#' })] });
    const ask = (details: string) =>
      app.ask('POST', '/v1/audit/entries', { json: entry.replace('"#"', details) });
    expect((await ask('{"__proto__":1}')).status).toBe(201);
    expect((await ask('{"__proto__":1}')).status).toBe(201);
    expect((await ask('{"__proto__":2}')).status).toBe(409);
  });
});

describe('GET /v1/audit/entries', () => {
  const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2caa';
  beforeAll(async () => {
    const users = ['user-0', 'user-1', 'user-2'];
    const entries = Array.from({ length: 300 }, (_, i) =>
      submitted({
        occurredAt: new Date(Date.UTC(2026, 10, 20) + i * 60_000).toISOString(),
        actor: { type: 'user', id: users[i % 3] },
        operation: i % 5 === 0 ? 'invoice.export' : 'invoice.read',
        entity: { type: i % 2 === 0 ? 'invoice' : 'order', id: `E-${i % 7}` },
        outcome: i % 11 === 0 ? 'denied' : 'success',
        sourceIp: i % 4 === 0 ? '2001:DB8:0::1' : '203.0.113.9',
        requestId: `request-${i}`,
      }),
    );
    for (let at = 0; at < 300; at += 50) await post(entries.slice(at, at + 50), organizationId);
  });
  const indices = async (query: string) => {
    const answer = await list(`${query}&limit=1000&order=oldest`, organizationId);
    expect(answer.status).toBe(200);
    return answer.body.entries.map((entry) => entry.index);
  };
  const where = (matches: (i: number) => boolean) => [...Array(300).keys()].filter(matches);

  it.each([
    ['actor=user-1', (i: number) => i % 3 === 1],
    ['operation=invoice.export', (i: number) => i % 5 === 0],
    ['entityType=order', (i: number) => i % 2 === 1],
    ['entityId=E-3', (i: number) => i % 7 === 3],
    ['outcome=denied', (i: number) => i % 11 === 0],
    ['sourceIp=2001:db8::1', (i: number) => i % 4 === 0],
    ['requestId=request-42', (i: number) => i === 42],
    ['q=export', (i: number) => i % 5 === 0],
    ['q=Invoice denied', (i: number) => i % 11 === 0],
    ['q=nothing-of-this-kind', () => false],
    ['from=2026-11-20T01:00:00Z&to=2026-11-20T02:00:00Z', (i: number) => i >= 60 && i < 120],
    ['from=2026-11-21', () => false],
    ['actor=user-0&operation=invoice.export&outcome=success', (i: number) => i % 15 === 0 && i % 11 !== 0],
    [
      'entityType=invoice&sourceIp=203.0.113.9&to=2026-11-20T01:00:00Z',
      (i: number) => i % 2 === 0 && i % 4 !== 0 && i < 60,
    ],
    ['actor=user-9', () => false],
  ])('finds by %s', async (query, matches) => {
    expect(await indices(query)).toEqual(where(matches));
  });

  it('gives every entry once over pages, in both orders, while others are recorded', async () => {
    for (const order of ['newest', 'oldest']) {
      const seen: number[] = [];
      let cursor = '';
      do {
        const page = await list(
          `actor=user-2&order=${order}&limit=7${cursor && `&cursor=${cursor}`}`,
          organizationId,
        );
        seen.push(...page.body.entries.map((entry) => entry.index));
        cursor = page.body.next ?? '';
        await post([submitted({ actor: { type: 'user', id: 'user-2' } })], organizationId);
      } while (cursor !== '' && seen.length < 200);
      const old = seen.filter((index) => index < 300);
      const expected = where((i) => i % 3 === 2);
      expect(old).toEqual(order === 'newest' ? expected.toReversed() : expected);
    }
  });

  it('says in the read’s own entry which entries it showed, and no value asked for', async () => {
    const { headers, body } = await list('entityId=E-3&limit=3', organizationId);
    const logId = body.entries[0]?.logId ?? '';
    expect(shown(headers).shown[logId]?.split(',')).toHaveLength(3);
    expect(JSON.stringify(shown(headers))).not.toContain('E-3');
  });

  it('keeps organizations apart (P19)', async () => {
    expect((await list('', theirs)).body.entries).toEqual([]);
    const [mine] = (await list('limit=1', ours)).body.entries;
    const read = await app.ask('GET', `/v1/audit/entries/${mine?.logId}/${mine?.index}`, {
      organizationId: theirs,
    });
    expect(read.status).toBe(404);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'cursor=x',
    'from=0000-01-01',
    'to=9999-12-31T23:59:59-12:00',
    `cursor=${Buffer.from('{"recordedAt":9000000000000000,"index":0}').toString('base64url')}`,
    'from=yesterday',
    'sourceIp=x',
    'outcome=good',
    'order=up',
    'unknown=1',
  ])('refuses %s', async (query) => {
    expect((await list(query)).status).toBe(400);
  });
});

function canonicalText(json: string | undefined): string {
  // Not by JSON.parse, which may read other names.
  return canonicalJson(parseJson(json ?? ''));
}
