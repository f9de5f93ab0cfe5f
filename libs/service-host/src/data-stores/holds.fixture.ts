import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HoldScope } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { eventCatalog, isErased } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, tombstoneFile, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { withSharedMigrations } from '../persistence/persistence.module.js';
import { takeOn, type Erasure, type OrganizationErasure, type PersonErasure } from './erasure.js';
import { startErasing } from './erasing.js';
import type { ErasingOptions } from './procedure.js';
import { startHolding } from './holding.js';
import { type Hold, requestRelease, takeOnHold } from './holds.js';
import { libraryStores } from './library-stores.js';

const operator = randomUUID();
const noon = new Date('2026-11-26T12:00:00.000Z');
const catalog = eventCatalog({
  said: { version: 1, visibility: 'private', schema: z.strictObject({ words: z.string() }) },
});

export type TestService = Awaited<ReturnType<typeof testService>>;

/** One service's part of holds and erasures, on a database of its own, with a clock that the suite moves. */
export async function testService() {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-holds-'));
  const postgres = await testPostgres();
  const database = await postgres.database('identity', withSharedMigrations([]));
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  let clock = noon;
  const vault = new Vault({ provider, environment: 'test', now: () => clock, cacheMilliseconds: 1000 });
  const store = new EventStore({ database, vault });
  const options: ErasingOptions = {
    ...{ database, vault, store, catalogs: [catalog], stores: libraryStores(database) },
    tombstones: tombstoneFile(path.join(folder, 'tombstones.jsonl')),
    ...{ now: () => clock, onError: () => undefined },
  };

  const until = async (what: string, is: () => Promise<boolean>, wake: () => void): Promise<void> => {
    for (let waited = 0; waited < 10_000; waited += 20) {
      if (await is()) return;
      clock = new Date(clock.getTime() + 5_000);
      wake();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${what}: not within 10 s`);
  };
  const stepOf = async (holdId: string): Promise<string[]> => {
    const rows = await database.asWorker((sql) =>
      sql.query<{ step: string }>(
        `select payload ->> 'step' as step from event where stream = $1 order by version`,
        [`hold-confirmation-${holdId}`],
      ),
    );
    return rows.map(({ step }) => step);
  };
  const carryOutHolds = async (holdId: string, step: 'placed' | 'released'): Promise<void> => {
    const worker = startHolding({ ...options, onReleased: () => undefined });
    try {
      await until(
        `The confirmation: ${step}`,
        async () => (await stepOf(holdId)).includes(step),
        () => worker.wake(),
      );
    } finally {
      await worker.stop();
    }
  };

  return {
    ...{ postgres, folder, database, vault, store, options, stepOf, until },
    advance: () => {
      clock = new Date(clock.getTime() + 5_000);
    },
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true });
    },

    /** An event and a person's key of an organization. */
    customer: async (): Promise<{ organizationId: string; userId: string; sealed: string }> => {
      const [organizationId, userId] = [randomUUID(), randomUUID()];
      await store.append({
        ...{ organizationId, stream: `said-${randomUUID()}`, expectedVersion: 0, catalog },
        events: [{ type: 'said', data: { words: 'one' } }],
        envelope: { actor: { type: 'service', id: 'test' }, occurredAt: clock, requestId: null },
      });
      const sealed = await database.asWorker((sql) =>
        vault.seal(sql, { organizationId, subjectId: userId }, ['name'], 'Ada'),
      );
      if (isErased(sealed)) throw new Error('Nobody is erased yet');
      return { organizationId, userId, sealed };
    },
    isReadable: async (organizationId: string, userId: string, sealed: string): Promise<boolean> => {
      // As another process would open it: not by a key that is held open.
      vault.evict({ organizationId, subjectId: userId });
      const opened = await database.asWorker((sql) =>
        vault.open(sql, { organizationId, subjectId: userId }, ['name'], sealed),
      );
      return !isErased(opened);
    },
    eventsOf: async (organizationId: string): Promise<number> => {
      const rows = await database.asWorker((sql) =>
        sql.query('select from event where organization_id = $1', [organizationId]),
      );
      return rows.length;
    },

    take: (heldOrganizationId: string, scope: HoldScope = { of: 'organization' }): Promise<Hold> => {
      const hold: Hold = {
        holdId: randomUUID(),
        organizationId: operator,
        heldOrganizationId,
        scope,
        placedAt: clock,
      };
      return database.asWorker((sql) => takeOnHold(sql, hold)).then(() => hold);
    },
    confirmed: (holdId: string) => carryOutHolds(holdId, 'placed'),
    /** Ends the connections on which locks are held, as a network or a failover would. */
    loseLocks: async (): Promise<void> => {
      await database.asWorker((sql) =>
        sql.query(
          `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and mode = 'ShareLock'
           and database = (select oid from pg_database where datname = current_database())`,
        ),
      );
    },
    release: async (holdId: string): Promise<void> => {
      await database.asWorker((sql) => requestRelease(sql, holdId, clock));
      await carryOutHolds(holdId, 'released');
    },

    erasePerson: (organizationId: string, userId: string): Promise<PersonErasure> =>
      takenOn(database, {
        ...{ of: 'person', erasureId: randomUUID(), organizationId, userId },
        ...{ organizations: [organizationId], subjects: [userId], requestedAt: clock },
      }),
    eraseOrganization: (erasedOrganizationId: string): Promise<OrganizationErasure> =>
      takenOn(database, {
        ...{ of: 'organization', erasureId: randomUUID(), organizationId: operator },
        ...{ erasedOrganizationId, requestedAt: clock },
      }),
    /** Works until the receipt is there, or a hold is named. */
    workOff: async ({ erasureId }: Erasure): Promise<'done' | readonly string[]> => {
      const worker = startErasing(options);
      let result: 'done' | readonly string[] | undefined;
      try {
        await until(
          'The erasure',
          async () => {
            const [row] = await database.asWorker((sql) =>
              sql.query<{ receipt_at: string | null; held_by: string[] | null }>(
                'select receipt_at, held_by from erasure where erasure_id = $1',
                [erasureId],
              ),
            );
            result = row?.receipt_at == null ? (row?.held_by ?? undefined) : 'done';
            return result !== undefined;
          },
          () => worker.wake(),
        );
      } finally {
        await worker.stop();
      }
      return result ?? [];
    },
  };
}

async function takenOn<Of extends Erasure>(database: Database, erasure: Of): Promise<Of> {
  await database.asWorker((sql) => takeOn(sql, erasure));
  return erasure;
}
