/** @promise P31 a consumer counts on past what was removed with an organization, and takes nothing of it any more */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { contract, publication } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { type DomainEvent, eventCatalog } from '@vouchsafe/event-sourcing';
import {
  deleteEvents,
  EventStore,
  eventStoreMigrations,
  isThere,
  laneOf,
  publishing,
  readLane,
  startRelay,
} from '@vouchsafe/event-store';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { z } from 'zod';
import { factMessage, positionsMessage, removedMessage, type WireMessage } from '../cloud-events.js';
import { eventually } from '../contract/support.js';
import type { FetchMissing } from './catch-up.js';
import { reaction } from './reaction.js';
import { type Receiver, receiver } from './receiver.fixture.js';
import { scriptedBus } from './scripted-bus.fixture.js';
import { givingKeys, transitKeyOf } from './transit-keys.fixture.js';

const said = z.strictObject({ words: z.string() });
const spoken = contract({ type: 'vouchsafe.identity.spoken.v1', summary: 'For this suite.', schema: said });
const catalog = eventCatalog({ spoken: { version: 1, visibility: 'published', schema: said } });
const published = publishing<DomainEvent>(catalog, ({ data }) => [
  publication(spoken, data as z.output<typeof said>),
]);

const erased = randomUUID();
const other = inLaneOf(erased);
const lane = laneOf(erased);
const at = new Date('2027-06-01T00:00:00Z');

let folder: string;
let service: Receiver;
let source: Database;
let vault: Vault;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-removed-'));
  service = await receiver();
  source = await service.postgres.database('source', [...vaultMigrations, ...eventStoreMigrations]);
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => at });
  const store = new EventStore({ database: source, vault });
  for (const [organizationId, words] of [
    [erased, 'one'],
    [other, 'two'],
    [erased, 'three'],
    [other, 'four'],
  ] as const)
    await store.append({
      ...{ organizationId, stream: `spoken-${randomUUID()}`, expectedVersion: 0, catalog },
      events: [{ type: 'spoken', data: { words } }],
      envelope: { actor: { type: 'service', id: 'test' }, occurredAt: at, requestId: null },
    });
  await relayEverything();
  await source.asRetention((sql) => vault.refuseOrganization(sql, erased, at));
  await deleteEvents(source, erased, (work) => source.asRetention(work));
}, 60_000);
afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
});

const fetchMissing: FetchMissing = async (_, of, first, limit) =>
  (await readLane({ database: source, vault, publishing: [published] }, of, first, limit)).map((fact) =>
    isThere(fact) ? factMessage(fact) : removedMessage(fact),
  );

/** A consumer that is new, and a bus that holds nothing but the numbers of the lanes. */
async function consume(group: string, messages: readonly WireMessage[]): Promise<string[]> {
  const script = scriptedBus();
  const heard: string[] = [];
  const consumer = await service.consume({ name: 'source', fetchMissing, fetchTransitKeys } as never, {
    ...{ bus: script.bus, group, topics: ['t'], attempts: 1, pauseMs: 1 },
    reactions: [reaction(spoken, ({ data }) => Promise.resolve(void heard.push(data.words)))],
  });
  await script.assign();
  await script.deliver(script.append(messages));
  await eventually(() => consumer.lanesBehind().length === 0);
  await consumer.stop();
  return heard;
}
const fetchTransitKeys = givingKeys([transitKeyOf(other)]);
const upTo = (number: bigint) => positionsMessage('source', 0, [{ lane, number }], at);

it('comes to the end of every lane from number 1 on, over an empty bus', async () => {
  expect(await consume('new', [upTo(4n)])).toEqual(['two', 'four']);
});

it('takes no fact of an organization that it has erased itself, and counts it', async () => {
  const late = (number: bigint, key: string) =>
    factMessage({
      ...{ source: 'source', lane, number, id: `source/${lane}/${number}`, key, time: at },
      ...{ traceparent: undefined, publication: publication(spoken, { words: `of ${number}` }) },
    });
  await service.database.asRetention((sql) => service.vault.refuseOrganization(sql, erased, at));
  const messages = [1n, 2n, 3n, 4n].map((number) => late(number, number % 2n === 1n ? erased : other));
  expect(await consume('erasing', messages)).toEqual(['of 2', 'of 4']);
  const counted = await service.database.asWorker((sql) =>
    sql.query('select organization_id, type, facts::int from late_fact'),
  );
  expect(counted).toEqual([{ organization_id: erased, type: spoken.type, facts: 2 }]);
});

async function relayEverything(): Promise<void> {
  const relay = startRelay({
    ...{ database: source, vault, publishing: [published] },
    ...{ send: () => Promise.resolve(), sendPositions: () => Promise.resolve(), pace: { idle: 10 } },
  });
  await eventually(async () => {
    const [row] = await source.asWorker((sql) =>
      sql.query<{ sent: string }>('select sum(acknowledged) as sent from lane'),
    );
    return row?.sent === '4';
  });
  await relay.stop();
}

/** Another organization whose facts share the lane. */
function inLaneOf(organizationId: string): string {
  for (;;) {
    const one = randomUUID();
    if (laneOf(one) === laneOf(organizationId)) return one;
  }
}
