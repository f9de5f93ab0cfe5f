import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Contract, contract, type DataOf, formerContract, publication } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { type DomainEvent, ERASED, eventCatalog, personal } from '@vouchsafe/event-sourcing';
import {
  isThere,
  type DepartingMessage,
  EventStore,
  eventStoreMigrations,
  laneOf,
  type Publishing,
  publishing,
  readLane,
  startRelay,
} from '@vouchsafe/event-store';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import fc from 'fast-check';
import { z } from 'zod';
import { factMessage, removedMessage, positionsMessage, type WireMessage } from '../cloud-events.js';
import { eventually } from '../contract/support.js';
import { busMessage } from '../sealed-message.js';
import type { FetchMissing } from './catch-up.js';
import { deadLetters } from './dead-letter.js';
import { reactionTable } from './react.js';
import { type Reaction, reaction } from './reaction.js';
import { type Receiver, receiver } from './receiver.fixture.js';
import { scriptedBus } from './scripted-bus.fixture.js';
import { settleDeadLetters } from './settle-dead-letters.js';
import { givingKeys, transitKeyOf } from './transit-keys.fixture.js';

const who = { personId: z.string() };
const name = personal(z.string(), { purpose: 'account', subject: 'personId' });
const summary = 'For this suite.';
const type = 'vouchsafe.identity.person-renamed.v1';
const schema = z.strictObject({ ...who, name });
const v1 = contract({ type, summary, schema });
const retiredV1 = contract({ type, summary, schema, retired: true });
const v2 = contract({
  type: 'vouchsafe.identity.person-renamed.v2',
  summary,
  schema: z.strictObject({ ...who, fullName: name, since: z.string() }),
  former: formerContract(v1, ({ personId, name: fullName }) => ({ personId, fullName, since: 'always' })),
});
/** A reader that was written for version 2 alone. */
const v2Alone = contract({ type: v2.type, summary, schema: v2.schema });
const v3Alone = contract({
  type: 'vouchsafe.identity.person-renamed.v3',
  summary,
  schema: z.strictObject({ ...who, called: name }),
});

const renamings = eventCatalog({
  renamed: { version: 1, visibility: 'published', schema: z.strictObject({ ...who, name }) },
});

/** The source's releases: version 1, then both side by side, then version 2 with the first one retired. */
const releases = {
  first: publishing<DomainEvent>(renamings, ({ data }) => [publication(v1, old(data))]),
  both: publishing<DomainEvent>(renamings, ({ data }) => [
    [publication(v1, old(data)), publication(v2, now(data))],
  ]),
  second: publishing<DomainEvent>(renamings, ({ data }) => [
    [publication(v2, now(data)), publication(retiredV1, old(data))],
  ]),
  careless: publishing<DomainEvent>(renamings, ({ data }) => [
    publication(v1, { ...old(data), nickname: 'A.' } as DataOf<typeof v1>),
  ]),
} satisfies Record<string, Publishing>;

function old(data: object): DataOf<typeof v1> {
  return data as DataOf<typeof v1>;
}
function now(data: object): DataOf<typeof v2> {
  return { personId: old(data).personId, fullName: old(data).name, since: 'now' };
}

const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-000000000001';
const lane = laneOf(organizationId);
const transitKey = transitKeyOf(organizationId);
const fetchTransitKeys = givingKeys([transitKey]);
const envelope = {
  actor: { type: 'service', id: 'test' },
  occurredAt: new Date('2026-11-28T10:00:00Z'),
  requestId: null,
} as const;

let service: Receiver;
let folder: string;
let vault: Vault;
let source: Database;
let store: EventStore;
let group: string;
let sources = 0;
/** Of the test's own source: a database's name has no digits. */
let from: string;

beforeAll(async () => {
  service = await receiver();
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-versions-'));
  await localKeyProvider(kekFile(), { create: true });
});
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  from = `source_${String.fromCharCode('a'.charCodeAt(0) + sources)}`;
  sources += 1;
  group = `versions-${sources}`;
  source = await service.postgres.database(from, [...vaultMigrations, ...eventStoreMigrations]);
  // A vault holds opened keys of one database.
  vault = new Vault({
    provider: await localKeyProvider(kekFile()),
    environment: 'test',
    now: () => new Date(),
  });
  store = new EventStore({ database: source, vault });
});

const kekFile = () => path.join(folder, 'kek.json');
const append = (personId: string, names: readonly string[]) =>
  store.append({
    ...{ organizationId, stream: `person-${randomUUID()}`, expectedVersion: 0, catalog: renamings, envelope },
    events: names.map((one) => ({ type: 'renamed', data: { personId, name: one } })),
  });

/** A release of the source runs for a while. @returns what it has sent */
async function runs(release: Publishing, ...people: readonly (readonly [string, readonly string[]])[]) {
  for (const [personId, names] of people) await append(personId, names);
  const sent: DepartingMessage[] = [];
  const relay = startRelay({
    ...{ database: source, vault, publishing: [release] },
    send: (messages) => Promise.resolve(void sent.push(...messages)),
    sendPositions: () => Promise.resolve(),
    pace: { idle: 10, retry: 10 },
  });
  try {
    await eventually(async () => {
      const [row] = await source.asWorker((sql) =>
        sql.query<{ done: boolean }>(
          `select sum(acknowledged) = (select count(*) from event) as done from lane`,
        ),
      );
      return row?.done === true;
    });
  } finally {
    await relay.stop();
  }
  return sent;
}

const fetchFrom =
  (release: Publishing): FetchMissing =>
  async (_, of, first, limit) =>
    (await readLane({ database: source, vault, publishing: [release] }, of, first, limit)).map((fact) =>
      isThere(fact) ? factMessage(fact) : removedMessage(fact),
    );

/** As on the bus, under a key that every consumer here is given. */
const wire = (sent: readonly DepartingMessage[]): WireMessage[] =>
  sent.map((fact) => busMessage({ ...fact, transitKey }));

/** Takes one version of the fact and notes what it was told. */
const taking = (wanted: Contract): Reaction =>
  reaction(wanted, async ({ source: told, lane: of, number, type, data }, transaction) => {
    await transaction.query(
      'insert into effect (source, lane, number, text, name) values ($1, $2, $3, $4, $5)',
      [`${group} ${told}`, of, number, type, JSON.stringify(data)],
    );
  });
const effects = () => service.effects(`${group} ${from}`);

/** Starts a consumer and hands it messages; what the bus lacks it fetches. */
async function consume(
  wanted: Contract,
  messages: readonly WireMessage[],
  fetchMissing: FetchMissing,
  last = 0n,
) {
  const script = scriptedBus();
  const consumer = await service.consume({ name: from, fetchMissing, fetchTransitKeys } as never, {
    ...{ bus: script.bus, group, topics: ['t'], reactions: [taking(wanted)], attempts: 1, pauseMs: 1 },
  });
  await script.assign();
  if (messages.length > 0) await script.deliver(script.append(messages));
  if (last > 0n)
    await script.deliver(script.append([positionsMessage(from, 0, [{ lane, number: last }], new Date())]));
  await eventually(() => consumer.lanesBehind().length === 0);
  await consumer.stop();
}

describe('a fact in two versions side by side', () => {
  it('is two messages with one number, each of which names the fact and both versions', async () => {
    const sent = await runs(releases.both, ['p1', ['Ada']]);
    expect(sent.map(({ id, number, publication: { contract: of } }) => [id, number, of.type])).toEqual([
      [`${from}/${lane}/1`, 1n, v1.type],
      [`${from}/${lane}/1/v2`, 1n, v2.type],
    ]);
    for (const { headers } of sent.map(factMessage)) {
      expect(headers).toMatchObject({
        ce_fact: `${from}/${lane}/1`,
        ce_versions: `${v1.type} ${v2.type}`,
      });
    }
  });

  it.each([
    ['the first', v1, { personId: 'p1', name: 'Ada' }],
    ['the second', v2, { personId: 'p1', fullName: 'Ada', since: 'now' }],
  ])('has its effect once for a consumer that takes %s', async (_, wanted, data) => {
    const sent = await runs(releases.both, ['p1', ['Ada']]);
    await consume(wanted, wire(sent), fetchFrom(releases.both));
    expect(await effects()).toEqual([{ lane, number: '1', text: wanted.type, name: data }]);
  });

  it('is not lost when the message of the version that is taken is: it is fetched', async () => {
    const sent = await runs(releases.both, ['p1', ['Ada', 'Ada L.']]);
    const first = wire(sent.filter(({ publication: { contract: of } }) => of === v1));
    await consume(v2, first, fetchFrom(releases.both), 2n);
    expect((await effects()).map(({ number, text }) => [number, text])).toEqual([
      ['1', v2.type],
      ['2', v2.type],
    ]);
  });

  it('has its effect once, wherever a consumer changes the version that it takes', async () => {
    const sent = wire(await runs(releases.both, ['p1', ['a', 'b', 'c', 'd']]));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(sent.length - 1), { maxLength: 12 }),
        fc.array(fc.nat(sent.length - 1), { maxLength: 12 }),
        fc.boolean(),
        async (before, after, forwards) => {
          round += 1;
          group = `changing-${sources}-${round}`;
          const [first, then] = forwards ? [v1, v2] : [v2, v1];
          const pick = (indexes: readonly number[]) => indexes.flatMap((index) => sent[index] ?? []);
          await consume(first, pick(before), fetchFrom(releases.both));
          await consume(then, pick(after), fetchFrom(releases.both), 4n);
          expect((await effects()).map(({ number }) => number)).toEqual(['1', '2', '3', '4']);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is refused to a consumer that would take both', () => {
    expect(() => reactionTable([taking(v1), taking(v2)])).toThrow('takes one version of a fact');
  });
});

describe('a retired version', () => {
  /** Three releases, two facts each; the bus is emptied of all that. */
  const years = async () => {
    await runs(releases.first, ['p1', ['a', 'b']]);
    await runs(releases.both, ['p1', ['c', 'd']]);
    return runs(releases.second, ['p1', ['e', 'f']]);
  };

  it('is sent no more, and derived for a consumer that begins at number 1', async () => {
    const sent = await years();
    expect(sent.map(({ number, publication: { contract: of } }) => [number, of.type])).toEqual([
      [5n, v2.type],
      [6n, v2.type],
    ]);
    await consume(v1, [], fetchFrom(releases.second), 6n);
    expect((await effects()).map(({ number, text, name: data }) => [number, text, data])).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((told, index) => [
        String(index + 1),
        v1.type,
        { personId: 'p1', name: told },
      ]),
    );
  });

  it('leaves the later one to a consumer that begins at number 1, of facts that are older than it, too', async () => {
    await years();
    await consume(v2Alone, [], fetchFrom(releases.second), 6n);
    expect((await effects()).map(({ number, text }) => [number, text])).toEqual(
      ['1', '2', '3', '4', '5', '6'].map((number) => [number, v2.type]),
    );
  });

  it('is found by a number that an earlier release gave, which kept no type, and by one that it gives beside this one', async () => {
    await years();
    await source.asMigrator((sql) => sql.query('update outgoing set contract_type = null'));
    const again = await readLane({ database: source, vault, publishing: [releases.second] }, lane, 1n, 10);
    const there = again.filter((fact) => isThere(fact));
    expect(there.map(({ number, publication: { contract: of } }) => [number, of.type])).toEqual(
      [1n, 2n, 3n, 4n, 5n, 6n].flatMap((number) => [
        [number, v2.type],
        [number, v1.type],
      ]),
    );
  });
});

describe('a fact that does not fit its contract', () => {
  it('stops the relay before it has a number, and goes on with the next one when the writer is mended', async () => {
    await runs(releases.first, ['p1', ['a']]);
    await append('p1', ['b']);
    const sent: DepartingMessage[] = [];
    const errors: unknown[] = [];
    const options = {
      ...{ database: source, vault },
      send: (messages: readonly DepartingMessage[]) => Promise.resolve(void sent.push(...messages)),
      sendPositions: () => Promise.resolve(),
      pace: { idle: 10, retry: 10, onError: (error: unknown) => errors.push(error) },
    };
    const careless = startRelay({ ...options, publishing: [releases.careless] });
    await eventually(() => errors.length > 1);
    expect(String(careless.stoppedBecause())).toBe(
      'UnfitPublicationError: A fact does not fit vouchsafe.identity.person-renamed.v1: (root): unrecognized_keys',
    );
    await careless.stop();
    expect(sent).toEqual([]);
    const numbered = await source.asWorker((sql) => sql.query('select number::int from outgoing'));
    expect(numbered).toEqual([{ number: 1 }]);
    const mended = await runs(releases.first);
    expect(mended.map(({ number, publication: { data } }) => [number, data])).toEqual([
      [2n, { personId: 'p1', name: 'b' }],
    ]);
  });
});

describe('a reader', () => {
  const message = (of: Contract, data: object): WireMessage =>
    busMessage({
      ...{ source: from, lane, number: 1n, id: `${from}/${lane}/1`, key: organizationId, transitKey },
      time: new Date('2026-11-28T10:00:00Z'),
      traceparent: undefined,
      publication: { contract: of, data },
    });
  const nobody: FetchMissing = () => Promise.reject(new Error('nothing is missing'));
  const queue = (wanted: Contract) => ({
    ...{ database: service.database, vault: service.vault, group, now: () => new Date() },
    table: reactionTable([taking(wanted)]),
  });
  const failing = (wanted: Contract): Reaction =>
    reaction(wanted, () => Promise.reject(new Error('not now')));
  const setAside = async (of: Contract, data: object): Promise<void> => {
    const script = scriptedBus();
    const consumer = await service.consume({ name: from, fetchMissing: nobody, fetchTransitKeys } as never, {
      ...{ bus: script.bus, group, topics: ['t'], reactions: [failing(of)], attempts: 1, pauseMs: 1 },
    });
    await script.assign();
    await script.deliver(script.append([message(of, data)]));
    expect(await consumer.deadLetterCount()).toBe(1);
    await consumer.stop();
  };
  const settled = () => Promise.resolve();
  const rows = () =>
    service.database.asWorker((sql) =>
      sql.query<{ data: string }>('select data::text from dead_letter where consumer = $1', [group]),
    );

  it('ignores a field that it does not know, and records nothing of it', async () => {
    await consume(v1, [message(v1, { personId: 'p1', name: 'Ada', nickname: 'A.' })], nobody);
    expect(await effects()).toMatchObject([{ name: { personId: 'p1', name: 'Ada' } }]);
  });

  it('reads what was written in a former version', async () => {
    await consume(v2, [message(v1, { personId: 'p1', name: 'Ada' })], nobody);
    expect(await effects()).toMatchObject([
      { text: v2.type, name: { personId: 'p1', fullName: 'Ada', since: 'always' } },
    ]);
  });

  it('sets a fact aside whose version it cannot read: it is not skipped', async () => {
    await consume(v2, [message(v3Alone, { personId: 'p1', called: 'Ada' })], nobody);
    expect(await effects()).toEqual([]);
    const [waiting] = await deadLetters(queue(v2)).list();
    expect(waiting?.error).toBe('UnreadableFactError: a version that is not taken here');
    const replayed = await settleDeadLetters(queue(v3Alone), settled).replay(organizationId);
    expect(replayed).toEqual({ replayed: 1, left: 0 });
    expect(await effects()).toMatchObject([{ text: v3Alone.type }]);
  });

  it('opens a dead letter by the version that it was written in, though it takes a later one by now', async () => {
    await setAside(v1, { personId: 'p1', name: 'Ada', nickname: 'A.' });
    const [row] = await rows();
    expect(row?.data).not.toMatch(/Ada|A\./);
    expect(await settleDeadLetters(queue(v2), settled).replay(organizationId)).toEqual({
      replayed: 1,
      left: 0,
    });
    expect(await effects()).toMatchObject([{ text: v2.type, name: { fullName: 'Ada' } }]);
  });

  it('finds a dead letter of an erased person erased, in each version', async () => {
    const personId = randomUUID();
    await setAside(v1, { personId, name: 'Ada' });
    await service.database.asRetention((sql) =>
      service.vault.destroySubject(sql, { organizationId, subjectId: personId }, new Date()),
    );
    expect(await settleDeadLetters(queue(v2), settled).replay(organizationId)).toEqual({
      replayed: 1,
      left: 0,
    });
    expect(await effects()).toMatchObject([{ name: { personId, fullName: ERASED } }]);
  });

  it('leaves a dead letter where it is that no reaction reads any more', async () => {
    await setAside(v1, { personId: 'p1', name: 'Ada' });
    expect(await settleDeadLetters(queue(v2Alone), settled).replay(organizationId)).toEqual({
      replayed: 0,
      left: 1,
    });
    const [waiting] = await deadLetters(queue(v1)).list();
    expect(waiting?.error).toBe('UnreadableFactError: a version that is not taken here');
    expect(await settleDeadLetters(queue(v1), settled).replay(organizationId)).toEqual({
      replayed: 1,
      left: 0,
    });
  });
});
