import { randomUUID } from 'node:crypto';
import type { Sent } from './system/client.ts';
import type { Operation } from './system/openapi.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Bodies that are one change away from a good one: each value of another type, too long, missing, and a field more at every level.
 * Some of them fit the schema (an optional field left out); the caller asks the schema.
 */
export function badBodies(good: object, canary: string): [what: string, body: unknown][] {
  const places = placesIn(good as Json, []);
  return places.flatMap(({ path, value }) => {
    const where = `/${path.join('/')}`;
    const put = (bad: Json): unknown => changedAt(good as Json, path, () => bad);
    const cases: [string, unknown][] = [
      [`${where} null`, put(null)],
      [`${where} a number`, put(4711)],
      [`${where} true`, put(true)],
      [`${where} a text`, put(`${canary} ${randomUUID()}`)],
      [`${where} a list`, put([canary])],
      [`${where} an object`, put({ [canary.slice(0, 3)]: canary })],
      [`${where} a long text`, put(`${canary}${'x'.repeat(20_000)}`)],
      [`${where} an empty text`, put('')],
      [`${where} SQL`, put(`${canary}'; drop table "user"; --`)],
      [`${where} huge`, put(1e308)],
    ];
    if (path.length > 0) cases.push([`${where} left out`, changedAt(good as Json, path, () => undefined)]);
    if (Array.isArray(value))
      cases.push([`${where} 2000 times`, put(Array.from({ length: 2000 }, () => value[0] ?? canary))]);
    if (isObject(value)) cases.push([`${where} a field more`, put({ ...value, surplus: canary })]);
    return cases;
  });
}

/**
 * Bodies that say a good one in a way that programs do not agree on (RFC 7493): each member doubled, each value half a surrogate pair
 * or a number that no double holds; and the JSON pointer (RFC 6901) that must be answered.
 */
export function ambiguousBodies(good: object): [what: string, json: string, pointer: string][] {
  return placesIn(good as Json, []).flatMap(({ path, value }) => {
    const where = path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    const spelled = (json: string): string =>
      JSON.stringify(changedAt(good as Json, path, () => HOLE)).replace(JSON.stringify(HOLE), () => json);
    const cases: [string, string, string][] = [
      [`${where} half a surrogate pair`, spelled('"\\ud800"'), where],
      [`${where} a noncharacter`, spelled('"\\uffff"'), where],
      [`${where} 2^53+1`, spelled('9007199254740993'), where],
      [`${where} an endless number`, spelled('1e400'), where],
    ];
    const [name] = isObject(value) ? Object.keys(value) : [];
    if (!isObject(value) || name === undefined) return cases;
    const members = JSON.stringify(value).slice(1, -1);
    const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
    for (const again of [name, escaped]) {
      const json = spelled(`{${members},"${again}":${JSON.stringify(value[name])}}`);
      cases.push([`${where} with ${again} twice`, json, `${where}/${name}`]);
    }
    return cases;
  });
}

const HOLE = 'a hole';

/** Bodies that are no JSON, no UTF-8, of another content type, or too large. */
export function rawBodies(good: object, canary: string): [what: string, sent: Sent][] {
  const text = JSON.stringify(good);
  const [first = ''] = Object.keys(good);
  const json = { 'content-type': 'application/json' };
  const asJson = (what: string, body: string | Uint8Array): [string, Sent] => [what, { body, headers: json }];
  return [
    asJson('an open brace', '{'),
    asJson('half of it', text.slice(0, -1)),
    asJson('something after it', `${text} ${canary}`),
    asJson('a list', `[${text}]`),
    asJson('a number', '1'),
    asJson('null', 'null'),
    asJson('nothing', ''),
    asJson(
      'no UTF-8',
      Buffer.concat([Buffer.from(`{"${first}":"${canary}`), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    ),
    asJson('a byte-order mark', `\ufeff${text}`),
    asJson('a constructor', `{"constructor":{"${first}":"${canary}"},${text.slice(1)}`),
    ['in Latin-1', { body: text, headers: { 'content-type': 'application/json; charset=iso-8859-1' } }],
    ['compressed, it says', { body: text, headers: { ...json, 'content-encoding': 'gzip' } }],
    asJson('UTF-16', Buffer.from(text, 'utf16le')),
    asJson('a NUL', `{"${first}":"${canary}\\u0000"}`),
    asJson('half a surrogate pair', `{"${first}":"${canary}\\ud800"}`),
    asJson('deep lists', `{"${first}":${'['.repeat(5000)}${']'.repeat(5000)}}`),
    asJson('a prototype', `{"__proto__":{"${first}":"${canary}"},${text.slice(1)}`),
    asJson('two megabytes', `{"${first}":"${canary.repeat(200_000)}"}`),
    ['as text', { body: text, headers: { 'content-type': 'text/plain' } }],
    [
      'as a form',
      { body: `${first}=${canary}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [
      'as parts',
      {
        body: `--x\r\n\r\n${canary}\r\n--x--`,
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
      },
    ],
    ['as XML', { body: `<a>${canary}</a>`, headers: { 'content-type': 'application/xml' } }],
    ['as nothing said', { body: text }],
  ];
}

/** Ids that are none, that are nobody's, and that reach for something else. */
export function badPaths(
  { name }: Operation,
  good: Readonly<Record<string, string>>,
  canary: string,
): [what: string, params: Record<string, string>][] {
  const values = [
    randomUUID(),
    canary,
    `${canary}%00`,
    `${canary}%ff`,
    `${canary}%27%20or%201=1--`,
    '%2e%2e',
    '..%2f..%2fetc%2fpasswd',
    '-1',
    '1.5',
    '99999999999999999999',
    'null',
    '%7B%7D',
    canary.repeat(100),
  ];
  // What a tile's path names is a matter of its form; a number that is nobody's is an index like any other.
  return Object.keys(good).flatMap((parameter) =>
    values
      .filter((value) => name !== 'audit-log.tile' || parameter !== 'path' || value !== 'null')
      .map((value): [string, Record<string, string>] => [
        `{${parameter}} ${value.slice(0, 40)}`,
        { ...good, [parameter]: value },
      ]),
  );
}

/** Queries that do not fit; of operations that take a query at all. */
export function badQueries(
  { query }: Operation,
  canary: string,
): [what: string, query: Record<string, string>][] {
  const bad: Readonly<Record<string, readonly string[]>> = {
    limit: ['0', '-1', '1.5', '1001', '1e9', canary, '', 'NaN'],
    cursor: ['', canary, Buffer.from(`{"${canary}":1}`).toString('base64url'), canary.repeat(200)],
    order: [canary, ''],
    from: [canary, '2026-13-45', ''],
    to: [canary, '2026-02-30T00:00:00Z'],
    outcome: [canary, ''],
    sourceIp: [canary, '1.2.3', ''],
    actor: ['', canary.repeat(100)],
    operation: ['', canary.repeat(20)],
    entityType: [''],
    entityId: [''],
    requestId: [''],
    q: ['', canary.repeat(100)],
  };
  if (query.length === 0) return [];
  return [
    ['a field that nobody knows', { surplus: canary }],
    ...query.flatMap((name) =>
      (bad[name] ?? []).map((value): [string, Record<string, string>] => [
        `${name}=${value.slice(0, 40)}`,
        { [name]: value },
      ]),
    ),
  ];
}

interface Place {
  readonly path: readonly (string | number)[];
  readonly value: Json;
}

/** Every place of a document, from its root; of a list the first item stands for all. */
function placesIn(value: Json, path: readonly (string | number)[]): Place[] {
  const inner = Array.isArray(value)
    ? value.slice(0, 1).flatMap((item, index) => placesIn(item, [...path, index]))
    : isObject(value)
      ? Object.entries(value).flatMap(([name, item]) => placesIn(item, [...path, name]))
      : [];
  return [{ path, value }, ...inner];
}

function changedAt(
  value: Json,
  path: readonly (string | number)[],
  change: (value: Json) => Json | undefined,
): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => (index === step ? (changedAt(item, rest, change) ?? []) : item));
  }
  if (!isObject(value)) throw new Error('The path leads nowhere');
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      const next = name === step ? changedAt(item, rest, change) : item;
      return next === undefined ? [] : [[name, next]];
    }),
  );
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
