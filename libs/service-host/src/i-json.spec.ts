import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readIJson } from './i-json.js';
import { pointerOf } from './json-pointer.js';

const read = (text: string) => readIJson(Buffer.from(text));
const refusedAt = (text: string) => {
  const found = read(text);
  return found.status === 'refused' ? found.pointer : found.status;
};

describe('I-JSON (RFC 7493)', () => {
  it.each([
    ['{"a":1,"a":1}', '/a'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"x":[{"a":{"b":1,"c":2,"b":3}}]}', '/x/0/a/b'],
    ['[0,{"":1,"":2}]', '/1/'],
    ['{"a/b~c":{"d":1,"d":2}}', '/a~1b~0c/d'],
    ['{"__proto__":1,"__proto__":2}', '/__proto__'],
    ['{"constructor":1,"constructor":2}', '/constructor'],
  ])('a name given twice is refused at its place: %s', (text, pointer) => {
    expect(refusedAt(text)).toBe(pointer);
  });

  it.each([
    ['"\\ud800"', ''],
    ['{"a":["x","\\udc00\\ud800"]}', '/a/1'],
    ['{"a":{"\\ud83d":1}}', '/a'],
    ['{"a":"\\u0000"}', '/a'],
    ['{"a":"\\uFFFE"}', '/a'],
    ['{"a":"\ufdd0"}', '/a'],
    ['{"a":"\\ud83f\\udfff"}', '/a'],
  ])('what is no text is refused at its place: %s', (text, pointer) => {
    expect(refusedAt(text)).toBe(pointer);
  });

  it.each([
    '9007199254740993',
    '-9007199254740993',
    '1e400',
    '-1e400',
    '0.1e-400',
    '1e-99999999999999999999',
    '0.1000000000000000055511151231257827',
    '3.141592653589793238462643383279',
    '123456789012345678901234567890',
    '1.0000000000000000000000000001',
  ])('a number that would become another is refused: %s', (literal) => {
    expect(refusedAt(`{"n":[${literal}]}`)).toBe('/n/0');
  });

  it.each([
    '0',
    '-0',
    '-0.0e7',
    '0e99999999999999999999',
    '1.0',
    '0.10',
    '1e2',
    '1E+2',
    '100',
    '9007199254740992',
  ])('another spelling of the same number is taken: %s', (literal) => {
    expect(read(literal)).toEqual({ status: 'read', value: Number(literal) });
  });

  it.each([
    ['a byte-order mark', Buffer.from('\ufeff{}')],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a surrogate in UTF-8 (CESU-8)', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['65 levels', Buffer.from('['.repeat(65) + ']'.repeat(65))],
    ['as many levels as fit', Buffer.from('{"a":'.repeat(170_000) + '1' + '}'.repeat(170_000))],
    ['a text that does not end', Buffer.from('{"a":"')],
    ['a comment', Buffer.from('{}//')],
    ['a leading zero', Buffer.from('01')],
    ['nothing', Buffer.from('')],
  ])('%s is not JSON', (_, bytes) => {
    expect(readIJson(bytes)).toEqual({ status: 'malformed', detail: expect.any(String) });
  });

  it('64 levels are taken', () => {
    expect(read('['.repeat(64) + ']'.repeat(64)).status).toBe('read');
  });

  it('every name is an own member, and no prototype is touched', () => {
    const text = '{"constructor":1,"__proto__":{"a":1},"prototype":[],"toString":null,"hasOwnProperty":2}';
    const found = read(text);
    const value = found.status === 'read' ? (found.value as object) : {};
    expect(JSON.stringify(value)).toBe(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it('a name is read as it was sent, whatever was read before (nodejs/node#63785)', () => {
    for (const name of ['"', 'b"', 'é', '\\n', '/'])
      for (const spelled of [JSON.stringify(name), spelledString([name], [true])]) {
        // What V8 takes an escaped name for: one that begins as it is spelled.
        const before = spelled.slice(1, 1 + name.length);
        JSON.parse(`{"h":[],${JSON.stringify(before)}:0}`);
        expect(read(`{"h":1,${spelled}:2}`)).toEqual({ status: 'read', value: { h: 1, [name]: 2 } });
      }
  });

  it.each([
    ['a run of zeros in a number', `[1${'0'.repeat(500_000)}1]`],
    ['zeros behind the point', `[0.${'0'.repeat(900_000)}1]`],
    ['escapes', `["${'\\\\'.repeat(500_000)}"]`],
    ['names', `{${Array.from({ length: 90_000 }, (_, n) => `"${n}":0`).join(',')}}`],
    [
      'names that differ at their ends',
      `{${Array.from({ length: 900 }, (_, n) => `"${'x'.repeat(1000)}${n}":0`).join(',')}}`,
    ],
    ['items', `[${'0,'.repeat(500_000)}0]`],
  ])('a body full of %s is read to its end', (_, text) => {
    expect(['read', 'refused']).toContain(read(text).status);
  });

  it('a pointer is bounded, and leads to what stands around the place', () => {
    const name = 'n'.repeat(200);
    expect(refusedAt(`{"${name}":{"${name}":1e400}}`)).toBe(`/${name}`);
    expect(pointerOf([name, 'b', name])).toBe(`/${name}/b`);
  });

  it('takes a text exactly if it says what it is read as, however it is spelled', () => {
    fc.assert(
      fc.property(spelledValue(3), ({ text, ok, value }) => {
        const found = read(text);
        expect(found.status).toBe(ok ? 'read' : 'refused');
        if (found.status === 'read') expect(sameJson(found.value, value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('judges a number as exact fractions do', () => {
    fc.assert(
      fc.property(numberText, (literal) => {
        const { status } = read(literal);
        fc.pre(status !== 'card-number');
        expect(status).toBe(isKept(literal) ? 'read' : 'refused');
      }),
      { numRuns: 3000 },
    );
  });

  it('takes whatever ECMAScript writes of a double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const found = read(String(number));
        fc.pre(found.status !== 'card-number');
        expect(found).toEqual({ status: 'read', value: number + 0 });
      }),
    );
  });
});

const CARD = '4242424242424242';

describe('card numbers (P17)', () => {
  const cardsIn = (text: string) => {
    const found = read(text);
    return found.status === 'card-number' ? found.pointers : found.status;
  };

  it.each([
    [`"${CARD}"`, ['']],
    [`{"a":{"b":["x","My card: 4242-4242-4242-4242"]}}`, ['/a/b/1']],
    [`{"a":"${CARD}","b":[${CARD}],"c":1,"d":"${CARD}"}`, ['/a', '/b/0', '/d']],
    [`{"a":"\\u0034242 4242 4242 4242"}`, ['/a']],
    [`{"a":{"${CARD}":1}}`, ['/a']],
    [`{"a":{"${CARD}":{"b":"${CARD}"}}}`, ['/a']],
    [`{"n":4.242424242424242e15}`, ['/n']],
    [`{"n":-42424242424242420.0e-1}`, ['/n']],
    [`{"n":6205500000000000004,"a":"${CARD}"}`, ['/n', '/a']],
    // A fault behind it: the number is told of all the same.
    [`{"a":"${CARD}","b":1,"b":2}`, ['/a']],
  ])('each place is named: %s', (text, pointers) => {
    expect(cardsIn(text)).toEqual(pointers);
  });

  it.each(['{"n":0.4242424242424242}', '{"n":4242424242424.242}', '{"n":1764396000000}', '{"n":4e15}'])(
    'another number is read: %s',
    (text) => {
      expect(cardsIn(text)).toBe('read');
    },
  );

  it('no pointer repeats a number, and there are no more than 20', () => {
    const many = JSON.stringify(Array.from({ length: 50 }, () => ({ [CARD]: CARD })));
    const pointers = cardsIn(many);
    expect(pointers).toHaveLength(20);
    expect(JSON.stringify(pointers)).not.toContain(CARD);
  });
});

/** A JSON value by a judge of its own: members in a list, so that nothing gets lost in an object. */
type Model =
  | { readonly kind: 'scalar'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Model[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Model])[] };
interface Spelled {
  readonly text: string;
  /** Whether I-JSON can say it. */
  readonly ok: boolean;
  readonly value: Model;
}

const space = fc.constantFrom('', '', ' ', '\n', '\t \r');
const character = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', '_', '"', '\\', '/', 'é', '😀', '\u2028', '{', ',') },
  { weight: 1, arbitrary: fc.constantFrom('\0', '\ud800', '\udfff', '\ufffe', '\u{1ffff}') },
);

function spelledString(text: readonly string[], escapes: readonly boolean[]): string {
  const units = text.join('');
  const escaped = Array.from({ length: units.length }, (_, nth) => {
    const [unit, code] = [units.charAt(nth), units.charCodeAt(nth)];
    const must = code < 0x20 || unit === '"' || unit === '\\' || (code >= 0xd800 && code <= 0xdfff);
    return must || escapes[nth % escapes.length] ? `\\u${code.toString(16).padStart(4, '0')}` : unit;
  });
  return `"${escaped.join('')}"`;
}

const spelledText = fc
  .tuple(fc.array(character, { maxLength: 4 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }))
  .map(([characters, escapes]) => ({
    spelled: spelledString(characters, escapes),
    text: characters.join(''),
    ok: isText(characters.join('')),
  }));

/** By numbers of code points, where the reader asks for their properties. */
function isText(text: string): boolean {
  return Array.from(text).every((one) => {
    const code = one.codePointAt(0) ?? 0;
    const noncharacter = (code & 0xfffe) === 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
    return code !== 0 && !(code >= 0xd800 && code <= 0xdfff) && !noncharacter;
  });
}

const digits = (most: number) =>
  fc.array(fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), {
    minLength: 1,
    maxLength: most,
  });
const numberText = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(
      fc.constant('0'),
      fc.constantFrom('1', '9007199254740993'),
      digits(24).map((all) => `7${all.join('')}`),
    ),
    fraction: fc.option(digits(24), { nil: [] }),
    exponent: fc.option(
      fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-', 'e-'), fc.integer({ min: 0, max: 400 })),
      { nil: null },
    ),
  })
  .map(({ sign, whole, fraction, exponent }) =>
    [sign, whole, fraction.length > 0 ? `.${fraction.join('')}` : '', exponent?.join('') ?? ''].join(''),
  );

/** Whether the double that is nearest is written as the same number, by exact fractions. */
function isKept(literal: string): boolean {
  const written = String(Number(literal));
  if (written.includes('Infinity')) return false;
  const [[a, b], [c, d]] = [fractionOf(literal), fractionOf(written)];
  return a * d === c * b;
}

function fractionOf(literal: string): readonly [bigint, bigint] {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(literal);
  const [, sign, whole = '', fraction = '', exponent = '0'] = found ?? [];
  const numerator = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const power = BigInt(exponent) - BigInt(fraction.length);
  return power >= 0n ? [numerator * 10n ** power, 1n] : [numerator, 10n ** -power];
}

function spelledValue(depth: number): fc.Arbitrary<Spelled> {
  const scalar = fc.oneof(
    fc
      .constantFrom(null, true, false)
      .map((value) => ({ text: String(value), ok: true, value: { kind: 'scalar', value } as const })),
    spelledText.map(({ spelled, text, ok }) => ({
      text: spelled,
      ok,
      value: { kind: 'scalar', value: text } as const,
    })),
    numberText.map((text) => ({
      text,
      ok: isKept(text),
      value: { kind: 'scalar', value: Number(text) } as const,
    })),
  );
  if (depth === 0) return scalar;
  const inner = fc.tuple(space, spelledValue(depth - 1), space);
  const list = fc.array(inner, { maxLength: 3 }).map((items): Spelled => ({
    text: `[${items.map(([before, { text }, after]) => before + text + after).join(',')}]`,
    ok: items.every(([, { ok }]) => ok),
    value: { kind: 'list', items: items.map(([, { value }]) => value) },
  }));
  const name = fc.oneof(
    spelledText,
    fc
      .constantFrom('a', '__proto__', 'constructor')
      .map((text) => ({ spelled: `"${text}"`, text, ok: true })),
  );
  const object = fc.array(fc.tuple(space, name, space, inner), { maxLength: 3 }).map((members): Spelled => {
    const names = members.map(([, { text }]) => text);
    return {
      text: `{${members.map(([s, { spelled }, t, [u, { text }, v]]) => `${s}${spelled}${t}:${u}${text}${v}`).join(',')}}`,
      ok:
        names.every((one, nth) => names.indexOf(one) === nth) &&
        members.every(([, { ok }, , [, value]]) => ok && value.ok),
      value: { kind: 'object', members: members.map(([, { text }, , [, { value }]]) => [text, value]) },
    };
  });
  return fc.oneof(scalar, list, object);
}

function sameJson(value: unknown, model: Model): boolean {
  if (model.kind === 'scalar') return value === model.value;
  if (model.kind === 'list')
    return (
      Array.isArray(value) &&
      value.length === model.items.length &&
      model.items.every((item, nth) => sameJson(value[nth], item))
    );
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const own = new Map<string, unknown>(
    Object.entries(Object.getOwnPropertyDescriptors(value)).map(([name, { value: it }]) => [
      name,
      it as unknown,
    ]),
  );
  return (
    own.size === model.members.length && model.members.every(([name, it]) => sameJson(own.get(name), it))
  );
}
