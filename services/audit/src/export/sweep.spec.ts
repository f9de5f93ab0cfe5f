/** @promise P28 every character that JSON carries is recorded, listed and exported as it was sent */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leafHash, parseVerifierKey, verifyTlogProof } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import type { EntryView } from '../entry/entry-view.js';
import type { LogView } from '../log/log-reader.js';
import { type AuditApp, auditApp } from '../testing/audit-app.js';
import { fetchBundle, memberOf, verificationOf } from '../testing/bundles.js';

/**
 * Whatever is accepted can be listed, proved, exported with everything disclosed, and verified; what could not be, is refused
 * when it is sent. Over the sizes of every part, around every boundary, through the API of the whole service.
 */
type Sent = Record<string, unknown> & { readonly id: string; readonly details?: Record<string, unknown> };
type Refusal = { status: number; pointer: string | undefined };

const EVERYTHING = [
  ...['id', 'actor.id', 'entity.id', 'sourceIp', 'url', 'userAgent', 'requestId', 'details'],
] as const;
const LEAF_BYTES = 65_535;

let app: AuditApp;
const accepted = new Map<string, { sent: Sent; logId: string; index: number }>();

beforeAll(async () => {
  app = await auditApp();
});
afterAll(() => app.stop());

function entryOf(changed: object): Sent {
  return {
    ...{ id: randomUUID(), occurredAt: '2026-11-22T11:59:59.123Z', actor: { type: 'user', id: 'ada' } },
    ...{ operation: 'sweep.send', outcome: 'success' },
    ...changed,
  };
}

/** What is accepted is remembered, for the checks at the end. */
async function send(...entries: Sent[]): Promise<Refusal | undefined> {
  const answer = await app.ask<{
    entries?: { id: string; logId: string; index: number }[];
    errors?: { pointer: string }[];
  }>('POST', '/v1/audit/entries', { body: { entries } });
  if (answer.status !== 201) return { status: answer.status, pointer: answer.body.errors?.[0]?.pointer };
  answer.body.entries?.forEach(({ id, logId, index }, i) => {
    const sent = entries[i];
    if (sent) accepted.set(id, { sent, logId, index });
  });
  return undefined;
}

async function accepts(changed: object): Promise<Sent> {
  const entry = entryOf(changed);
  expect(await send(entry)).toBeUndefined();
  return entry;
}

async function refuses(changed: object, pointer: string): Promise<void> {
  expect(await send(entryOf(changed))).toEqual({ status: 400, pointer });
}

type Proven = { entry: EntryView; leaf: string; proof: string };

async function read({ id }: Sent): Promise<Proven> {
  const location = accepted.get(id);
  const { status, body } = await app.ask<Proven>(
    'GET',
    `/v1/audit/entries/${location?.logId}/${location?.index}`,
  );
  expect(status).toBe(200);
  return body;
}

async function leafBytes(sent: Sent): Promise<number> {
  return Buffer.from((await read(sent)).leaf, 'base64').length;
}

/** So many details, each as small as can be. */
function many(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i.toString(36)}`, 1]));
}

function nested(levels: number): unknown {
  let value: unknown = 'core';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

describe('what is accepted', () => {
  it('are few details and many, up to a leaf of 65,535 bytes, and not one byte more', async () => {
    for (const count of [0, 1, 2, 8, 39, 40, 41, 255, 256, 257, 900]) await accepts({ details: many(count) });
    let [most, tooMany] = [900, 2300];
    while (tooMany - most > 1) {
      const middle = Math.floor((most + tooMany) / 2);
      const refusal = await send(entryOf({ operation: 'o', details: many(middle) }));
      if (refusal) {
        expect(refusal).toEqual({ status: 400, pointer: '/entries/0' });
        tooMany = middle;
      } else most = middle;
    }
    const left = LEAF_BYTES - (await leafBytes(await accepts({ operation: 'o', details: many(most) })));
    // The operation stands in the leaf in clear: a byte a letter.
    for (const less of [2, 1, 0]) {
      const sent = await accepts({ operation: 'o'.repeat(1 + left - less), details: many(most) });
      expect(await leafBytes(sent)).toBe(LEAF_BYTES - less);
    }
    await refuses({ operation: 'o'.repeat(2 + left), details: many(most) }, '/entries/0');
  });

  it('are texts of every length up to the limits of their fields, and not one character more', async () => {
    for (const length of [
      0, 1, 15, 16, 17, 2900, 3000, 3040, 3071, 3072, 3073, 4095, 4096, 4097, 8192, 16_372,
    ])
      await accepts({ details: { note: 'n'.repeat(length) } });
    await refuses({ details: { note: 'n'.repeat(16_374) } }, '/entries/0/details');
    for (const [name, most] of [
      ['url', 8192],
      ['userAgent', 1024],
      ['requestId', 200],
    ] as const) {
      for (const length of [1, most / 2, most - 1, most]) {
        const text = '\u{20bb7}'.repeat(length / 2) + '/'.repeat(length % 2);
        if (text.length > 0) await accepts({ [name]: text });
      }
      await refuses({ [name]: 'x'.repeat(most + 1) }, `/entries/0/${name}`);
    }
    for (const length of [1, 499, 500]) {
      const id = '語'.repeat(length);
      await accepts({ actor: { type: 'user', id }, entity: { type: 'invoice', id } });
    }
    for (const length of [1, 50, 99, 100]) await accepts({ details: { ['名'.repeat(length)]: 1 } });
    await refuses({ actor: { type: 'user', id: 'x'.repeat(501) } }, '/entries/0/actor/id');
  });

  it('are texts of all scripts, and every character that JSON can carry', async () => {
    const controls = String.fromCharCode(...Array.from({ length: 0x1f }, (_, i) => i + 1), 0x7f, 0x85, 0x9f);
    for (const text of [
      controls,
      'مرحبا بالعالم ‏‎ שָׁלוֹם',
      '\u202e\u2066abc\u2069',
      '漢字かな交じり文',
      '👩‍👩‍👧‍👦🇪🇺𝔘𝔫𝔦𝔠𝔬𝔡𝔢𠮷',
      'e\u0301\u0327 \u00e9',
      '\ufeff\u2028\u2029\u00a0\u3000',
      '\ue000\uf8ff\ufffc\ufffd\u{10fffd}',
      '\\"\\\\u0000</script>=1+1;\'--',
    ]) {
      await accepts({
        ...{ url: text, userAgent: text, requestId: text },
        details: { [text.slice(0, 60)]: text, a: [text] },
      });
      await accepts({ actor: { type: 'user', id: text }, entity: { type: 'thing', id: text } });
    }
    for (const name of [
      '10',
      '9',
      '-1',
      '1e3',
      'a.b',
      '.',
      '%',
      'a:b',
      'a b',
      'valueOf',
      'length',
      'id',
      'type',
    ])
      await accepts({ details: { [name]: { [name]: 1 } } });
  });

  it('are names that JavaScript treats specially', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON'])
      await accepts({ details: JSON.parse(`{"${name}":1,"z":{"${name}":{"a":"b"}}}`) as object });
  });

  it('are numbers at the ends of what JSON carries, and every kind of value', async () => {
    for (const value of [
      ...[0, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, Number.MAX_SAFE_INTEGER],
      ...[null, true, false, '', [], {}, [[]], [{}], { a: [] }],
    ])
      await accepts({ details: { value, nested: { value: [value] } } });
    for (const sourceIp of ['203.0.113.9', '::', '2001:db8::8:800:200c:417a', '::ffff:192.0.2.1'])
      await accepts({ sourceIp });
  });

  it('is nested as deep as a leaf can be, and what is deeper is refused', async () => {
    let most = 0;
    for (const levels of [1, 10, 30, 59, 60, 61, 62, 63, 64, 65, 66, 100, 1000, 4000]) {
      const refusal = await send(entryOf({ details: { deep: nested(levels) } }));
      if (refusal) expect(refusal.status).toBe(400);
      else most = levels;
    }
    // 64 levels of the request's body, of which it and `entries`, an entry and its `details` are four.
    expect(most).toBe(60);
    expect(await send(entryOf({ details: { deep: nested(most + 1) } }))).toMatchObject({ status: 400 });
  });

  it('is whatever else can be thought of', async () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(isName);
    const text = fc
      .tuple(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom(1, 7, 60))
      .map(([part, times]) => part.repeat(times))
      .filter(isText);
    const value = fc.oneof(
      text,
      fc.array(text, { maxLength: 4 }),
      fc.dictionary(name, text, { maxKeys: 4 }),
      fc.double(),
    );
    const details = fc.dictionary(name, value.filter(isExact), { maxKeys: 50 });
    for (let batch = 0; batch < 8; batch++) {
      const entries = fc
        .sample(details, { numRuns: 25, seed: batch })
        .map((one) => entryOf({ details: one }));
      expect(await send(...entries)).toBeUndefined();
    }
  });

  it('are so many large ones that a page is full before its last entry', async () => {
    const name = (i: number) => `${'長い名前'.repeat(24)}${i}`;
    const details = Object.fromEntries(Array.from({ length: 140 }, (_, i) => [name(i), i]));
    for (let batch = 0; batch < 6; batch++) {
      const entries = Array.from({ length: 10 }, () => entryOf({ details, url: '長'.repeat(8192) }));
      expect(await send(...entries)).toBeUndefined();
    }
  });

  it('is refused with the format’s own names, or without a form in JSON', async () => {
    for (const name of ['_sd', '_sd_alg', '...']) {
      await refuses({ details: { [name]: 1 } }, '/entries/0');
      await refuses({ details: { a: [{ [name]: 1 }] } }, '/entries/0');
    }
    for (const lone of ['\ud800', 'a\udc00b', '\u0000']) {
      expect(await send(entryOf({ details: { a: lone } }))).toMatchObject({ status: 400 });
      expect(await send(entryOf({ details: { [lone]: 1 } }))).toMatchObject({ status: 400 });
    }
  });
});

describe('everything that was accepted', () => {
  it('is listed as it was sent, page by page', async () => {
    const listed = new Map<string, EntryView>();
    let pages = 0;
    for (let next: string | null = ''; next !== null;) {
      const page: { status: number; body: { entries: EntryView[]; next: string | null } } = await app.ask(
        'GET',
        `/v1/audit/entries?order=oldest&limit=1000${next === '' ? '' : `&cursor=${next}`}`,
      );
      expect(page.status).toBe(200);
      for (const entry of page.body.entries) if (entry.id !== null) listed.set(entry.id, entry);
      ({ next } = page.body);
      pages++;
    }
    // By their number alone they are one.
    expect(listed.size).toBeLessThan(1000);
    expect(pages).toBeGreaterThan(1);
    for (const [id, { sent }] of accepted) expect(listed.get(id)).toMatchObject(shownOf(sent));
  }, 120_000);

  it('is read and proved, one by one', async () => {
    const { body } = await app.ask<{ logs: LogView[] }>('GET', '/v1/audit/logs');
    const [log] = body.logs;
    const parsed = parseVerifierKey(log?.vkey ?? '');
    if (!log || !('key' in parsed)) throw new Error('There is a log');
    for (const { sent, index } of accepted.values()) {
      const { entry, leaf, proof } = await read(sent);
      expect(entry).toMatchObject(shownOf(sent));
      const hash = leafHash(Buffer.from(leaf, 'base64'));
      expect(verifyTlogProof(Buffer.from(proof), hash, log.origin, [parsed.key])).toMatchObject({
        ...{ status: 'included', index },
      });
    }
  }, 240_000);

  it('is exported with everything disclosed, and the bundle holds', async () => {
    const bundle = await fetchBundle(app, { disclose: EVERYTHING });
    expect(await verificationOf(app, bundle)).toMatchObject({ status: 'holds' });
    const events = memberOf(bundle, '/ocsf.ndjson').trimEnd().split('\n');
    const indices = memberOf(bundle, '/indices.txt').trimEnd().split('\n').map(Number);
    for (const { sent, index } of accepted.values()) {
      const event = JSON.parse(events[indices.indexOf(index)] ?? '') as {
        unmapped: { details: unknown; undisclosed: number };
      };
      expect(event.unmapped.details).toEqual(sent.details ?? {});
      expect(event.unmapped.undisclosed).toBe(0);
    }
  }, 240_000);
});

/** What the list says of an entry: its fields are those that were sent. */
function shownOf({ details, sourceIp, ...sent }: Sent): object {
  const address = sourceIp === '::ffff:192.0.2.1' ? '192.0.2.1' : (sourceIp ?? null);
  return { ...sent, details: details ?? {}, sourceIp: address, erased: 0 };
}

function isName(name: string): boolean {
  return name.length <= 100 && isText(name) && !['_sd', '_sd_alg', '...'].includes(name);
}

/** I-JSON (RFC 7493 section 2.1); Postgres takes no NUL. */
function isText(text: string): boolean {
  return !/[\0\p{Surrogate}\p{Noncharacter_Code_Point}]/u.test(text);
}

/** JSON has no NaN, no infinity and one zero. */
function isExact(value: unknown): boolean {
  return typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0));
}
