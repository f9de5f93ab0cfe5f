/** @promise P17 a card number that is sent to any operation is refused, and is in no table, file or answer */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { cardNumbers, lookAlikes, notations } from '@vouchsafe/testing';
import { databases } from '../tools/start/databases.ts';
import { prepare, type Request, send } from './openapi.fixtures.ts';
import { makeWorld, newEntry, type World } from './openapi.world.ts';
import { everyRow, filesUnder, searchFor } from './system/at-rest.ts';
import type { Answer, Sent } from './system/client.ts';
import { eventually } from './system/eventually.ts';
import { signUp } from './system/people.ts';
import { goldenOperations, type Operation, pathOf } from './system/openapi.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const operations = goldenOperations();
/** Numbers that nothing else here draws, each used for one request and place. */
const unused = cardNumbers(40, 20_261_129).slice(40);
/** As they were written, each with what was done with it. */
const sent = new Map<string, string>();
const answers: string[] = [];
/** What must be found where it is looked for: the search itself could be blind. */
const findable = `findable-${randomUUID()}`;

let system: SystemUnderTest;
let world: World;
beforeAll(async () => {
  system = await startForTests({ VOUCHSAFE_LOG_LEVEL: 'trace' });
  world = await makeWorld(system);
  await signUp(system, findable);
}, 180_000);
afterAll(() => system.stop(), 60_000);

type Notation = keyof typeof notations;

function nextCard(what: string, notation: Notation = 'in one run'): string {
  const number = unused[sent.size % unused.length] ?? '';
  const written = notations[notation]?.(number) ?? number;
  sent.set(written, what);
  return written;
}

/** What is wrong with an answer; undefined if it refuses for the card number and says where. */
function faultOf(answer: Answer, ...pointers: readonly string[]): string | undefined {
  answers.push(answer.text);
  const { code, errors = [] } = answer.json() as { code?: string; errors?: readonly { pointer: string }[] };
  if (answer.status !== 400 || code !== 'card-number') return `${answer.status} ${answer.text}`;
  const named = errors.map(({ pointer }) => pointer).sort();
  return JSON.stringify(named) === JSON.stringify([...pointers].sort()) ? undefined : `named ${named.join()}`;
}

describe('a card number', () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))(
    'sent to %s is refused wherever it stands',
    async (_, operation) => {
      const request = await prepare(operation, world);
      const wrongs: string[] = [];
      const check = (what: string, answer: Answer, ...pointers: readonly string[]) => {
        const fault = faultOf(answer, ...pointers);
        if (fault !== undefined) wrongs.push(`${what}: ${fault}`);
      };
      const ask = (more: Partial<Request>) => send(operation, { ...request, ...more });
      for (const name of ['limit', 'cursor', 'email'])
        check(
          name,
          await ask({ query: { ...request.query, [name]: nextCard(`query ${name}`) } }),
          `/${name}`,
        );
      const spaced = nextCard('query', 'with no-break spaces');
      check('query', await ask({ query: { ...request.query, order: spaced } }), '/order');
      check('name', await ask({ query: { ...request.query, [nextCard('name of a field')]: '1' } }), '');
      for (const parameter of Object.keys(request.params ?? {})) {
        const params = { ...request.params, [parameter]: nextCard('path') };
        check(`{${parameter}}`, await ask({ params }), '');
      }
      const key = { ...request.headers, 'idempotency-key': nextCard('Idempotency-Key') };
      check('key', await ask({ headers: key }), 'header.Idempotency-Key');
      for (const [what, body, pointers] of bodiesFor(operation, request.body)) {
        const asked: Sent = {
          query: request.query,
          body,
          headers: { ...request.headers, 'content-type': 'application/json' },
        };
        const target = pathOf(operation, request.params);
        check(what, await request.as.send(operation.method, target, asked), ...pointers);
      }
      expect(wrongs).toEqual([]);
      // What the request needs is still there: nothing was executed.
      const userAgent = nextCard('User-Agent', 'with spaces');
      const answer = await ask({ headers: { ...request.headers, 'user-agent': userAgent } });
      expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^(${operation.successes.join('|')}) `));
    },
    120_000,
  );

  it.each(['in one run', 'with hyphens', 'in Arabic digits', 'each digit for itself', 'on keycaps'])(
    'in the details of an audit entry is refused, %s',
    async (notation) => {
      const note = `paid with ${nextCard('details', notation)}`;
      const answer = await record([{ a: [{ note }] }, { c: 1 }]);
      expect(faultOf(answer, '/entries/0/details/a/0/note')).toBeUndefined();
    },
  );

  it('in a path that nobody declared is refused', async () => {
    for (const target of [
      `/${nextCard('path')}`,
      `/v1/x/${nextCard('path')}/y`,
      `/docs/${nextCard('path')}`,
    ]) {
      expect(faultOf(await world.owner.browser.send('GET', target), '')).toBeUndefined();
    }
  });

  it('in a request that is refused for something else leaves nothing', async () => {
    const { browser } = world.owner;
    const json = { 'content-type': 'application/json' };
    for (const [body, headers] of [
      [`{"name":"${nextCard('broken JSON')}`, json],
      [`name=${nextCard('form')}`, { 'content-type': 'application/x-www-form-urlencoded' }],
      [nextCard('text'), { 'content-type': 'text/plain' }],
    ] as const) {
      const answer = await browser.send('POST', '/v1/invitations', { body, headers });
      expect([400, 415]).toContain(answer.status);
      answers.push(answer.text);
    }
    for (const target of [
      `/v1/members/${nextCard('broken path')}%ff`,
      `/v1/members/${'x'.repeat(600)}${nextCard('long path')}`,
    ]) {
      const answer = await browser.send('GET', target);
      expect([400, 414]).toContain(answer.status);
      answers.push(answer.text);
    }
    const headers = {
      referer: `https://example.com/${nextCard('Referer')}`,
      origin: `https://${nextCard('Origin')}.example.com`,
      'x-forwarded-for': nextCard('X-Forwarded-For'),
      'x-request-id': nextCard('X-Request-Id'),
      traceparent: nextCard('traceparent'),
      cookie: `${browser.cookie ?? ''}; card=${nextCard('cookie')}`,
    };
    await browser.send('GET', '/v1/me', { headers });
  });
});

describe('what looks like a card number', () => {
  it('is recorded as it came, and shown', async () => {
    const kinds = Object.entries(lookAlikes(20)).filter(([kind]) => !refusedAtTimes.test(kind));
    const details = kinds.map(([kind, texts]) => ({ [kind.replaceAll(/[^a-z0-9]+/gi, '-')]: texts }));
    expect((await record(details)).status).toBe(201);
  });
});

/** Kinds with a rate of false alarms in docs/card-data.md. */
const refusedAtTimes = /^(?:order number|tracking number|id of 64 bits|telephone number, without plus)/;

describe('the refusal', () => {
  it('stands in the access log, with its reason and without the number', async () => {
    const entries = await eventually('The entries of refusals', async () => {
      const { entries: found } = (await world.owner.browser.must(200, 'GET', '/v1/audit/entries', {
        query: { operation: 'invitation.create', outcome: 'failure', limit: '100' },
      })) as { entries: readonly Shown[] };
      return found.length > 3 ? found : undefined;
    });
    const refused = entries.filter(({ details }) => details.refused === 'card-number');
    expect(refused.length).toBeGreaterThan(3);
    for (const { actor, url } of refused)
      expect({ id: actor.id, url }).toEqual({ id: world.owner.userId, url: '/v1/invitations' });
  });

  it('is counted by who refused', async () => {
    for (const name of serviceNames) {
      const metrics = await (await fetch(`${system.service(name).healthUrl}/metrics`)).text();
      expect(Number(/^card_number_refusals_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(5);
    }
  });
});

describe('after all of it', () => {
  it('no number is in an answer', () => {
    expect([...sent.keys()].filter((written) => answers.some((text) => text.includes(written)))).toEqual([]);
  });

  it('no number is in any table of any database', async () => {
    const rows = await everyRow(system, [...databases, 'postgres']);
    const text = rows.map((row) => `${row.table} ${row.text}`).join('\n');
    const found = searchFor(sent.keys())(Buffer.from(text));
    expect(found.map((written) => [written, sent.get(written)])).toEqual([]);
    expect(text).toContain(findable);
  }, 120_000);

  it('no number is in a log or any other file, deleted rows and write-ahead log included', async () => {
    const files = await filesUnder(system.folder, (name) => name !== 'secrets');
    expect(files.some((file) => file.endsWith('gateway.log'))).toBe(true);
    expect(files.some((file) => file.includes('/pg_wal/'))).toBe(true);
    const search = searchFor(sent.keys());
    const found: string[] = [];
    for (const file of files) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      for (const written of search(bytes))
        found.push(`${sent.get(written)} in ${path.relative(system.folder, file)}: ${written}`);
    }
    expect([...new Set(found)]).toEqual([]);
  }, 240_000);
});

interface Shown {
  readonly actor: { readonly id: string };
  readonly url: string;
  readonly details: { readonly refused?: string };
}

/** Each with the pointers that must be answered. */
function bodiesFor(
  { method, isSigned, takesFile }: Operation,
  body: object = {},
): [what: string, json: string, pointers: readonly string[]][] {
  // A body of a GET is not passed on; one that is signed is Stripe's; a file is its owner's.
  if (method === 'GET' || isSigned || takesFile) return [];
  const fields = Object.keys(body).map((name): [string, string, string[]] => [
    `field ${name}`,
    JSON.stringify({ ...body, [name]: nextCard(`field ${name}`, 'with hyphens') }),
    [`/${name}`],
  ]);
  return [
    ...fields,
    ['surplus', JSON.stringify({ ...body, surplus: nextCard('surplus field') }), ['/surplus']],
    ['number', `{"a":[{"b":${nextCard('number')}}],"c":"${nextCard('field beside it')}"}`, ['/a/0/b', '/c']],
    ['name', JSON.stringify({ x: { [nextCard('name')]: { y: 1 } } }), ['/x']],
  ];
}

/** As a back end records entries, one for each of the details. */
function record(details: readonly object[]): Promise<Answer> {
  const entries = details.map((one) => ({ ...newEntry(world), details: one }));
  return world.backEnd.send('POST', '/v1/audit/entries', { body: { entries } });
}
