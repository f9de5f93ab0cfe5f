import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeSdJwtSync, getClaimsSync } from '@sd-jwt/decode';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, parseCanonicalJson } from './canonical-json.js';
import { digestOf, makeLeaf, openLeaf, parseDisclosure, type Disclosable, type MadeLeaf } from './leaf.js';

const salt = Buffer.alloc(16, 5);
const ENTRY = { id: 'e1', operation: 'document.read', details: { reason: 'support', nested: { deep: 1 } } };
const PERSONAL: Disclosable[] = [
  { path: ['sourceIp'], value: '192.0.2.1', salt },
  { path: ['url'], value: '/a?b="c"', salt },
  { path: ['details', 'recipient'], value: { name: 'Ada', age: 36 }, salt },
  { path: ['details', 'email'], value: 'ada@example.com', salt },
];

function made(leaf: MadeLeaf): Extract<MadeLeaf, { status: 'made' }> {
  if (leaf.status !== 'made') throw new Error(leaf.status);
  return leaf;
}

describe('a leaf', () => {
  const { leaf, disclosures } = made(makeLeaf(ENTRY, PERSONAL));
  const all = disclosures.map((d) => d.disclosure);

  it('holds no personal value, only their digests, sorted', () => {
    const text = Buffer.from(leaf).toString();
    for (const value of ['192.0.2.1', '/a?b', 'Ada', 'sourceIp', 'recipient', 'email']) {
      expect(text).not.toContain(value);
    }
    const payload = JSON.parse(text) as { _sd: string[]; _sd_alg: string };
    expect(payload._sd).toEqual([...payload._sd].sort());
    expect(payload._sd_alg).toBe('sha-256');
    expect(text).toBe(canonicalize(payload));
  });

  it('opens with all, some or none of its disclosures', () => {
    const whole = {
      ...ENTRY,
      sourceIp: '192.0.2.1',
      url: '/a?b="c"',
      details: {
        reason: 'support',
        recipient: { name: 'Ada', age: 36 },
        nested: { deep: 1 },
        email: 'ada@example.com',
      },
    };
    const opened = openLeaf(leaf, all);
    expect(opened).toMatchObject({ status: 'opened', undisclosed: 0 });
    expect(opened.status === 'opened' && canonicalJson(opened.entry)).toBe(canonicalJson(whole));
    expect(openLeaf(leaf, all.slice(0, 1))).toMatchObject({ status: 'opened', undisclosed: 3 });
    expect(openLeaf(leaf, [])).toMatchObject({ status: 'opened', undisclosed: 4 });
  });

  it('is opened to the same by another library of SD-JWT', () => {
    const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(leaf).toString('base64url')}.AA`;
    const sha256 = (data: string | ArrayBuffer): Uint8Array =>
      createHash('sha256')
        .update(typeof data === 'string' ? data : Buffer.from(data))
        .digest();
    const decoded = decodeSdJwtSync(`${[jwt, ...all].join('~')}~`, sha256);
    const claims = getClaimsSync<object>(decoded.jwt.payload, decoded.disclosures, sha256);
    const opened = openLeaf(leaf, all);
    expect(opened.status === 'opened' && canonicalJson(opened.entry)).toBe(canonicalJson(claims));
    expect(decoded.disclosures.map((d) => d.digestSync({ hasher: sha256, alg: 'sha-256' }))).toEqual(
      disclosures.map((d) => d.digest),
    );
  });

  it('refuses a disclosure of another leaf, one given twice, and one that is none', () => {
    const other =
      made(makeLeaf({}, [{ path: ['sourceIp'], value: '192.0.2.2', salt }])).disclosures[0]?.disclosure ?? '';
    expect(openLeaf(leaf, [...all, other])).toEqual({ status: 'foreign-disclosure', disclosure: other });
    expect(openLeaf(leaf, [...all, ...all.slice(0, 1)]).status).toBe('foreign-disclosure');
    const forge = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const s = salt.toString('base64url');
    for (const bad of [
      '',
      '!',
      `${all[0] ?? ''}=`,
      forge([s, 'a']),
      forge(['short', 'a', 1]),
      forge([s, '_sd', 1]),
    ]) {
      expect(openLeaf(leaf, [bad]).status).toBe('malformed-disclosure');
    }
  });

  it('is refused unless it is exactly what makeLeaf writes', () => {
    const text = Buffer.from(leaf).toString();
    const d = disclosures[0]?.digest ?? '';
    for (const bad of [
      ` ${text}`,
      text.replace('"_sd_alg":"sha-256",', ''),
      text.replace('sha-256', 'sha-512'),
      `{"_sd":["${d}","${d}"],"_sd_alg":"sha-256"}`,
      `{"_sd":[],"_sd_alg":"sha-256"}`,
      `{"_sd":["x"],"_sd_alg":"sha-256"}`,
      `{"_sd_alg":"sha-256"}`,
      `{"a":1,"a":2}`,
      `{"a":[{"...":"${d}"}]}`,
      '[]',
      '',
      '{',
    ]) {
      expect(openLeaf(Buffer.from(bad), []).status).toBe('malformed-leaf');
    }
  });

  it('refuses the format’s own names anywhere in its input', () => {
    for (const name of ['_sd', '_sd_alg', '...']) {
      expect(makeLeaf({ [name]: 1 }, []).status).toBe('reserved-name');
      expect(makeLeaf({ a: [{ b: { [name]: 1 } }] }, []).status).toBe('reserved-name');
      expect(makeLeaf({}, [{ path: [name], value: 1, salt }]).status).toBe('reserved-name');
      expect(makeLeaf({}, [{ path: ['url'], value: [{ [name]: 1 }], salt }]).status).toBe('reserved-name');
    }
  });

  it('refuses a path that is taken, a leaf that is too large, and a weak salt', () => {
    expect(makeLeaf(ENTRY, [{ path: ['id'], value: 1, salt }]).status).toBe('path-taken');
    expect(makeLeaf({ actor: 'x' }, [{ path: ['actor', 'id'], value: 1, salt }]).status).toBe('path-taken');
    expect(makeLeaf({ a: 'x'.repeat(65_528) }, [])).toEqual({ status: 'too-large', bytes: 65_536 });
    expect(makeLeaf({ a: 'x'.repeat(65_527) }, []).status).toBe('made');
    expect(() => makeLeaf({}, [{ path: ['url'], value: 1, salt: Buffer.alloc(15) }])).toThrow('16 bytes');
    const twice: Disclosable[] = [
      { path: ['url'], value: 1, salt },
      { path: ['url'], value: 2, salt },
    ];
    expect(() => makeLeaf({}, twice)).toThrow('once');
  });

  it('keeps members with names that JavaScript treats specially', () => {
    const value = JSON.parse('{"__proto__":{"x":1},"constructor":2,"10":3,"9":4}') as Record<string, never>;
    const odd = made(makeLeaf(value, [{ path: ['details', 'toString'], value: 5, salt }]));
    const opened = openLeaf(
      odd.leaf,
      odd.disclosures.map((d) => d.disclosure),
    );
    expect(opened.status === 'opened' && canonicalJson(opened.entry)).toBe(
      '{"10":3,"9":4,"__proto__":{"x":1},"constructor":2,"details":{"toString":5}}',
    );
  });

  it('opens a value that is named __proto__ as a member, and as no prototype', () => {
    const odd = made(
      makeLeaf({ details: { a: 1 } }, [{ path: ['details', '__proto__'], value: { a: 2, b: 3 }, salt }]),
    );
    const opened = openLeaf(
      odd.leaf,
      odd.disclosures.map((d) => d.disclosure),
    );
    if (opened.status !== 'opened') throw new Error(opened.status);
    expect(canonicalJson(opened.entry)).toBe('{"details":{"__proto__":{"a":2,"b":3},"a":1}}');
    expect((opened.entry.details as { b?: unknown }).b).toBeUndefined();
  });

  it('gives back whatever it was made from', () => {
    const name = fc
      .string({ maxLength: 8 })
      .filter((n) => !['_sd', '_sd_alg', '...'].includes(n) && n.isWellFormed());
    const value = fc.jsonValue({ maxDepth: 3 }).filter(isWritable);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value, fc.boolean()), { selector: ([n]) => n }),
        (members) => {
          const clear = Object.fromEntries(members.filter(([, , hidden]) => !hidden).map(([n, v]) => [n, v]));
          const hidden = members
            .filter(([, , h]) => h)
            .map(([n, v]) => ({ path: ['details', n], value: v, salt }));
          const result = made(makeLeaf({ details: clear } as never, hidden as never));
          const opened = openLeaf(
            result.leaf,
            result.disclosures.map((d) => d.disclosure),
          );
          const whole = Object.fromEntries(members.map(([n, v]) => [n, v]));
          expect(opened.status === 'opened' && canonicalJson(opened.entry)).toBe(
            canonicalJson({ details: whole }),
          );
        },
      ),
    );
  });
});

/** A disclosure of whatever this is, written as JSON.stringify has it, or exactly as the text says. */
function forged(content: unknown): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

/** The root of a leaf with these digests, and whatever else. */
function withDigests(digests: readonly unknown[], members: object = {}): Buffer {
  return Buffer.from(canonicalJson({ ...members, _sd: digests, _sd_alg: 'sha-256' }));
}

describe('a leaf of any size', () => {
  const sizes: [what: string, PERSONAL: Disclosable[]][] = [
    ['a text of 3,000 characters', [{ path: ['details', 'note'], value: 'n'.repeat(3000), salt }]],
    [
      '40 small values',
      Array.from({ length: 40 }, (_, i) => ({ path: ['details', `d${i}`], value: i, salt })),
    ],
    [
      '1,000 values',
      Array.from({ length: 1000 }, (_, i) => ({ path: ['details', `d${i}`], value: `${i}`, salt })),
    ],
    [
      'a text of a million characters',
      [{ path: ['details', 'note'], value: '\u00e9'.repeat(1_000_000), salt }],
    ],
    ['a name of 60,000 characters', [{ path: ['details', '\u{1f600}'.repeat(30_000)], value: 1, salt }]],
  ];
  it.each(sizes)('opens %s, alone and after others', (_, disclosable) => {
    const { leaf, disclosures } = made(makeLeaf(ENTRY, disclosable));
    const given = disclosures.map((d) => d.disclosure);
    for (const order of [given, given.toReversed()]) {
      const opened = openLeaf(leaf, order);
      expect(opened).toMatchObject({ status: 'opened', undisclosed: 0 });
      if (opened.status !== 'opened') continue;
      const details = opened.entry.details as Record<string, unknown>;
      for (const { path, value } of disclosable) expect(details[path[1] ?? '']).toBe(value);
    }
    for (const one of given) expect(parseDisclosure(one)).toBeDefined();
  });

  it('opens a value that is nested itself where its entry is nested deep', () => {
    const value = JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`) as never;
    const { leaf, disclosures } = made(
      makeLeaf({ more: value }, [{ path: ['details', 'deep'], value, salt }]),
    );
    const opened = openLeaf(
      leaf,
      disclosures.map((d) => d.disclosure),
    );
    expect(opened).toMatchObject({ status: 'opened' });
  });
});

describe('what RFC 9901 section 7.1 rejects, and what makeLeaf does not write, is refused', () => {
  const s = salt.toString('base64url');
  const [a, b] = [forged([s, 'id', 1]), forged([s, 'url', 2])];
  const [first = '', second = ''] = [digestOf(a), digestOf(b)].sort();

  it.each<[what: string, leaf: Buffer]>([
    ['digests that are not sorted', withDigests([second, first])],
    ['a digest twice in one list', withDigests([first, first])],
    [
      'a digest in two lists (step 4)',
      Buffer.from(canonicalJson({ _sd: [first], _sd_alg: 'sha-256', details: { _sd: [first] } })),
    ],
    ['a list that is empty', withDigests([])],
    ['a nested list that is empty', withDigests([first], { details: { _sd: [] } })],
    ['a digest that is too short', withDigests([first.slice(1)])],
    ['a digest of other characters', withDigests([`${first.slice(1)}+`])],
    ['a digest that is a number', withDigests([1])],
    ['no list at all', Buffer.from(`{"_sd":"${first}","_sd_alg":"sha-256"}`)],
    ['no algorithm', Buffer.from(`{"_sd":["${first}"]}`)],
    ['another algorithm', Buffer.from(`{"_sd":["${first}"],"_sd_alg":"sha-384"}`)],
    ['an algorithm that is none', Buffer.from(`{"_sd":["${first}"],"_sd_alg":null}`)],
    ['an algorithm without digests', Buffer.from('{"_sd_alg":"sha-256"}')],
    ['an algorithm further down', Buffer.from(`{"details":{"_sd":["${first}"],"_sd_alg":"sha-256"}}`)],
    ['a hidden item of an array', withDigests([first], { list: [{ '...': second }] })],
    ['a hidden item that is no item', withDigests([first], { '...': second })],
    ['digests in an object in an array', withDigests([first], { list: [{ _sd: [second] }] })],
    ['a name of the format, deep in an array', withDigests([first], { list: [[{ x: { _sd_alg: 1 } }]] })],
    ['an array', Buffer.from('[]')],
    ['a text', Buffer.from('"x"')],
    ['white space', Buffer.from('{"a": 1}')],
    ['a newline at the end', Buffer.from('{"a":1}\n')],
    ['a name twice', Buffer.from('{"a":1,"a":1}')],
    ['names out of order', Buffer.from('{"b":1,"a":1}')],
    ['names in the order that JavaScript gives them', Buffer.from('{"9":1,"10":1}')],
    ['a negative zero', Buffer.from('{"a":-0}')],
    ['a number written otherwise', Buffer.from('{"a":1e21}')],
    ['a number that JavaScript rounds', Buffer.from('{"a":9007199254740993}')],
    ['a number beyond all', Buffer.from('{"a":1e999}')],
    ['a lone surrogate', Buffer.from('{"a":"\\ud800"}')],
    ['a byte order mark', Buffer.from('\ufeff{"a":1}')],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['a surrogate written in UTF-8', Buffer.from('7b2261223a22eda080227d', 'hex')],
    ['65 levels', Buffer.from(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`)],
    ['a million levels', Buffer.from(`{"a":${'['.repeat(1_000_000)}`)],
  ])('a leaf with %s', (_, leaf) => {
    expect(openLeaf(leaf, []).status).toBe('malformed-leaf');
  });

  it('but not 64 levels', () => {
    expect(openLeaf(Buffer.from(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`), []).status).toBe('opened');
  });

  it.each<[what: string, disclosure: string]>([
    ['nothing', ''],
    ['another alphabet', forged([s, 'a', '??>>']).replaceAll('-', '+').replaceAll('_', '/')],
    ['padding', `${a}=`],
    [
      'bits that say nothing',
      forged([s, 'aa', 1]).replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    ],
    ['a newline', `${a}\n`],
    ['no JSON', forged('x')],
    ['no array', forged({ 0: s, 1: 'a', 2: 1 })],
    ['two items', forged([s, 'a'])],
    ['four items', forged([s, 'a', 1, 2])],
    ['white space', forged(`["${s}", "a", 1]`)],
    ['a number written otherwise', forged(`["${s}","a",1.0]`)],
    ['a name twice in its value', forged(`["${s}","a",{"x":1,"x":2}]`)],
    ['a salt of 15 bytes', forged([Buffer.alloc(15).toString('base64url'), 'a', 1])],
    ['a salt that is a number', forged([1234567890123456, 'a', 1])],
    ['a salt that is no base64url', forged([`${s}=`, 'a', 1])],
    ['a salt of another encoding', forged([`${s.slice(0, -1)}R`, 'a', 1])],
    ['a name that is a number', forged([s, 1, 1])],
    ['a name of the format', forged([s, '_sd', 1])],
    ['the other name of the format', forged([s, '...', 1])],
    ['the name of the algorithm', forged([s, '_sd_alg', 1])],
    ['digests in its value', forged([s, 'a', { x: [{ _sd: [first] }] }])],
    ['a hidden item in its value', forged([s, 'a', [{ '...': first }]])],
    ['64 levels in its value', forged(`["${s}","a",${'['.repeat(64)}${']'.repeat(64)}]`)],
    ['a lone surrogate', forged(`["${s}","a","\\udfff"]`)],
  ])('a disclosure with %s', (_, disclosure) => {
    // Even where the leaf has its digest.
    const leaf = withDigests([digestOf(disclosure)]);
    expect(openLeaf(leaf, [disclosure])).toEqual({ status: 'malformed-disclosure', disclosure });
    expect(parseDisclosure(disclosure)).toBeUndefined();
  });

  it.each<[what: string, members: (digests: readonly string[]) => object, name: string]>([
    ...[
      'operation',
      'source',
      'version',
      'submitter',
      'provenance',
      'recordedAt',
      'actor',
      'details',
      '__proto__',
    ].map((name): [string, (digests: readonly string[]) => object, string] => [
      `the member ${name}`,
      (_sd) => ({ _sd }),
      name,
    ]),
    ['the type of the actor', (_sd) => ({ actor: { _sd } }), 'type'],
    ['the type of the entity', (_sd) => ({ entity: { _sd } }), 'type'],
  ])('a leaf that hides %s, as soon as it is opened', (_, members, name) => {
    const disclosure = forged([s, name, 'x']);
    const leaf = Buffer.from(canonicalJson({ ...members([digestOf(disclosure)]), _sd_alg: 'sha-256' }));
    expect(openLeaf(leaf, [disclosure]).status).toBe('malformed-leaf');
    expect(openLeaf(leaf, [])).toMatchObject({ status: 'opened', undisclosed: 1 });
  });

  it.each<[what: string, members: object]>([
    ['the submitter', { submitter: { _sd: [first] } }],
    ['another object', { o: { _sd: [first] } }],
    ['a member that is called __proto__', JSON.parse(`{"__proto__":{"_sd":["${first}"]}}`) as object],
    ['a detail', { details: { card: { _sd: [first] } } }],
    ['an object of the actor', { actor: { id: { _sd: [first] } } }],
  ])('a leaf with digests within %s, opened or not', (_, members) => {
    const leaf = Buffer.from(canonicalJson({ ...members, _sd_alg: 'sha-256' }));
    expect(openLeaf(leaf, []).status).toBe('malformed-leaf');
    expect(openLeaf(leaf, [a]).status).toBe('malformed-leaf');
  });

  it('and makeLeaf does not write them', () => {
    for (const path of [
      ['operation'],
      ['details'],
      ['actor', 'type'],
      ['o', 'id'],
      ['details', 'card', 'number'],
    ])
      expect(() => makeLeaf({}, [{ path: path as [string], value: 1, salt }])).toThrow('may not be hidden');
    for (const path of [['id'], ['requestId'], ['actor', 'id'], ['entity', 'id'], ['details', '__proto__']])
      expect(makeLeaf({}, [{ path: path as [string], value: 1, salt }]).status).toBe('made');
  });

  it('a disclosure that overwrites a member, the object’s own or another disclosure’s (step 3.c.ii.3)', () => {
    expect(openLeaf(withDigests([digestOf(a)], { id: 0 }), [a]).status).toBe('malformed-leaf');
    expect(openLeaf(withDigests([digestOf(a)], { url: 0 }), [a]).status).toBe('opened');
    const again = forged([Buffer.alloc(16, 9).toString('base64url'), 'id', 2]);
    const both = [digestOf(a), digestOf(again)].sort();
    expect(openLeaf(withDigests(both), [a, again]).status).toBe('malformed-leaf');
    expect(openLeaf(withDigests(both), [again])).toMatchObject({
      status: 'opened',
      entry: { id: 2 },
      undisclosed: 1,
    });
  });

  it('a disclosure that nothing refers to, or that is given twice (step 5)', () => {
    expect(openLeaf(withDigests([digestOf(a)]), [a, b])).toEqual({
      status: 'foreign-disclosure',
      disclosure: b,
    });
    expect(openLeaf(withDigests([digestOf(a)]), [a, a])).toEqual({
      status: 'foreign-disclosure',
      disclosure: a,
    });
    expect(openLeaf(Buffer.from('{}'), [a])).toEqual({ status: 'foreign-disclosure', disclosure: a });
  });

  it('no leaf for what V8 has read before it (nodejs/node#63785)', () => {
    JSON.parse('{"!":[],"\\\\":0}');
    const opened = openLeaf(Buffer.from('{"!":1,"\\"":2}'), []);
    expect(opened.status === 'opened' && Object.keys(opened.entry)).toEqual(['!', '"']);
  });

  it('no name that JavaScript treats specially, which are names like any other', () => {
    for (const name of [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      '10',
      '',
      '\u0000',
    ]) {
      const disclosure = forged([s, name, { x: 1 }]);
      const opened = openLeaf(
        Buffer.from(
          canonicalJson({ _sd_alg: 'sha-256', details: { _sd: [digestOf(disclosure)], other: 1 } }),
        ),
        [disclosure],
      );
      expect(opened.status).toBe('opened');
      if (opened.status !== 'opened') continue;
      const details = opened.entry.details as object;
      expect(Object.hasOwn(details, name)).toBe(true);
      expect(canonicalJson(details)).toBe(
        canonicalJson(
          Object.fromEntries([
            ['other', 1],
            [name, { x: 1 }],
          ]),
        ),
      );
      expect(Object.getPrototypeOf(details)).toBe(Object.prototype);
      // And the leaf's own.
      const own = Buffer.from(canonicalJson(Object.fromEntries([[name, 1]])));
      expect(openLeaf(own, [])).toMatchObject({ status: 'opened', entry: Object.fromEntries([[name, 1]]) });
    }
  });
});

describe('canonical JSON', () => {
  it('is what another library of RFC 8785 writes, and reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue().filter(isWritable), (value) => {
        const text = canonicalJson(value);
        expect(text).toBe(canonicalize(value));
        expect(parseCanonicalJson(Buffer.from(text))).toEqual({ value: JSON.parse(text) as unknown });
      }),
      { numRuns: 300 },
    );
  });

  it('is read as such exactly where writing what was read gives the same bytes, whatever byte is changed', () => {
    fc.assert(
      fc.property(fc.jsonValue().filter(isWritable), fc.nat(), fc.nat(255), (value, at, byte) => {
        const bytes = Buffer.from(canonicalJson(value));
        bytes[at % bytes.length] = byte;
        expect(parseCanonicalJson(bytes) !== undefined).toBe(isWrittenSo(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('writes the numbers and the order of the RFC', () => {
    expect(
      canonicalJson([Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0]),
    ).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,0]');
    const sorted = canonicalJson({
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\ud83d\ude00': 5,
      '\u0080': 6,
      '\u00f6': 7,
    });
    expect(sorted).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  it.each([
    [undefined],
    [Number.NaN],
    [Infinity],
    ['\ud800'],
    [{ '\udc00': 1 }],
    [() => 1],
    [10n],
    [new Date(0)],
    [[undefined]],
    [{ a: undefined }],
    [new Map()],
  ])('cannot carry %p', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it.each([
    '{"a":1,"a":1}',
    '{"b":1,"a":1}',
    '{"a": 1}',
    '1.0',
    '-0',
    '1e2',
    '"\\u0041"',
    '"\\ud800"',
    '[1,]',
    '{"9":1,"10":1}',
  ])('is not %s', (text) => {
    expect(parseCanonicalJson(Buffer.from(text))).toBeUndefined();
  });

  it('is not what is nested too deep, nor what is no UTF-8', () => {
    expect(parseCanonicalJson(Buffer.from('['.repeat(30_000) + ']'.repeat(30_000)))).toBeUndefined();
    expect(parseCanonicalJson(Buffer.from([0x22, 0xff, 0x22]))).toBeUndefined();
    expect(parseCanonicalJson(Buffer.from('\ufeff1'))).toBeUndefined();
    expect(parseCanonicalJson(Buffer.from('"\ufffd"'))).toEqual({ value: '\ufffd' });
  });
});

/** fast-check makes lone surrogates and our reserved names as well. */
function isWritable(value: unknown): boolean {
  try {
    canonicalJson(value);
    return !/"(_sd|_sd_alg|\.\.\.)":/.test(JSON.stringify(value));
  } catch {
    return false;
  }
}

function isWrittenSo(bytes: Buffer): boolean {
  try {
    return Buffer.from(canonicalJson(JSON.parse(bytes.toString()))).equals(bytes);
  } catch {
    return false;
  }
}
