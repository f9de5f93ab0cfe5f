import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { identityFacts } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { eventCatalog, formerVersion, markedLater, personal } from '@vouchsafe/event-sourcing';
import { isThere, EventStore, laneOf, readLane, sealMarkedLater, startRelay } from '@vouchsafe/event-store';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { withSharedMigrations } from '../persistence/persistence.module.js';
import { sealingPublishing, tellSealed } from './sealing.js';

const mark = { purpose: 'account', subject: 'id' } as const;
const before = eventCatalog({
  noted: { version: 1, visibility: 'private', schema: z.strictObject({ id: z.string(), nick: z.string() }) },
});
const today = eventCatalog({
  noted: {
    version: 2,
    visibility: 'private',
    schema: z.strictObject({ id: z.string(), nick: personal(z.string(), mark) }),
    former: {
      1: formerVersion(z.strictObject({ id: z.string(), nick: markedLater(z.string(), mark) }), (old) => old),
    },
  },
});
const publishing = [sealingPublishing(identityFacts.valuesSealed), { catalog: today, publish: () => [] }];
const at = new Date('2026-11-28T10:00:00.000Z');

let folder: string;
let postgres: TestPostgres;
let database: Database;
let vault: Vault;
let store: EventStore;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-sealing-'));
  postgres = await testPostgres();
  database = await postgres.database('identity', withSharedMigrations([]));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  vault = new Vault({ provider, environment: 'test', now: () => at });
  store = new EventStore({ database, vault });
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

it('a retention run is told to the audit log of each organization, also where it was killed before it told', async () => {
  const [ours, theirs] = [randomUUID(), randomUUID()];
  const note = (organizationId: string, nicks: readonly string[]) =>
    store.append({
      ...{ organizationId, stream: `note-${randomUUID()}`, expectedVersion: 0, catalog: before },
      events: nicks.map((nick) => ({ type: 'noted', data: { id: randomUUID(), nick } })),
      envelope: { actor: { type: 'service', id: 'test' }, occurredAt: at, requestId: null },
    });
  await note(ours, ['a', 'b']);
  await note(theirs, ['c']);
  const killed = randomUUID();
  expect(await sealMarkedLater({ database, vault }, [today], killed)).toBe(3);
  await note(ours, ['d']);
  const next = randomUUID();
  expect(await sealMarkedLater({ database, vault }, [today], next)).toBe(1);
  expect(await tellSealed({ database, store }, at)).toBe(3);
  expect(await tellSealed({ database, store }, at)).toBe(0);
  const relay = startRelay({
    ...{ database, vault, publishing },
    send: () => Promise.resolve(),
    sendPositions: () => Promise.resolve(),
    pace: { idle: 10 },
  });
  const told = async (organizationId: string) => {
    const facts = await readLane({ database, vault, publishing }, laneOf(organizationId), 1n, 10);
    return facts
      .filter((fact) => isThere(fact))
      .filter(({ key }) => key === organizationId)
      .map(({ publication: { data } }) => data);
  };
  for (let waited = 0; waited < 10_000 && (await told(theirs)).length === 0; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await relay.stop();
  const said = (organizationId: string, runId: string, events: number) => ({
    ...{ organizationId, runId, events, actor: { type: 'staff', id: 'operator' } },
    ...{ occurredAt: at.toISOString(), requestId: null },
  });
  expect(await told(theirs)).toEqual([said(theirs, killed, 1)]);
  expect(await told(ours)).toEqual(expect.arrayContaining([said(ours, killed, 2), said(ours, next, 1)]));
});
