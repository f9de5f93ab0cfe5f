/** @promise P31 a hold between any two steps of an erasure, a kill and a restart: what was held then is not destroyed */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { type Ledger, tombstoneFile } from '@vouchsafe/vault';
import type { Erasure } from './erasure.js';
import { applyTombstones, startErasing } from './erasing.js';
import type { ErasingOptions } from './procedure.js';
import { type TestService, testService } from './holds.fixture.js';
import { linesOfOthers } from './ledgers-of-others.js';
import { libraryStores } from './library-stores.js';

let service: TestService;
beforeAll(async () => {
  service = await testService();
}, 60_000);
afterAll(() => service.stop());

const isDestroyed = async ({ erasureId }: Erasure): Promise<boolean> => {
  const rows = await service.database.asWorker((sql) =>
    sql.query('select from erasure where erasure_id = $1 and destroyed_at is not null', [erasureId]),
  );
  return rows.length > 0;
};

describe('a hold between any two steps', () => {
  it.each(['person', 'organization'] as const)(
    'of the erasure of a %s stops what is left of it, after a restart too',
    async (of) => {
      let stoppedBeforeKeys = 0;
      for (let steps = 1; ; steps += 1) {
        const { organizationId, userId, sealed } = await service.customer();
        const erasure =
          of === 'person'
            ? await service.erasePerson(organizationId, userId)
            : await service.eraseOrganization(organizationId);
        const lived = await dyingAfter(steps, erasure);
        const { holdId } = await service.take(organizationId);
        await service.confirmed(holdId);
        const before = {
          destroyed: await isDestroyed(erasure),
          readable: await service.isReadable(organizationId, userId, sealed),
          events: await service.eventsOf(organizationId),
        };
        await applyTombstones(service.options);
        if (lived) break;
        expect(await service.workOff(erasure)).toEqual([holdId]);
        // The hold came in time for whatever was there then.
        expect({
          destroyed: await isDestroyed(erasure),
          readable: await service.isReadable(organizationId, userId, sealed),
          events: await service.eventsOf(organizationId),
        }).toEqual(before);
        if (before.readable) stoppedBeforeKeys += 1;
        await service.release(holdId);
        expect(await service.workOff(erasure)).toBe('done');
        expect(await service.isReadable(organizationId, userId, sealed)).toBe(false);
        expect(steps).toBeLessThan(80);
      }
      expect(stoppedBeforeKeys).toBeGreaterThan(2);
    },
    240_000,
  );
});

describe('a database that was restored to a time before a hold', () => {
  it('has the hold again before anything is erased again, and confirms it no second time', async () => {
    const { organizationId, userId, sealed } = await service.customer();
    const erasureId = randomUUID();
    const holdId = randomUUID();
    const intended = {
      ...{ erasureId, organizationId, userId, organizations: [organizationId], subjects: [userId] },
      requestedAt: '2026-11-26T12:00:00.000Z',
    };
    await service.options.tombstones.append([
      { intended },
      {
        hold: {
          ...{ holdId, organizationId: randomUUID(), heldOrganizationId: organizationId },
          ...{ scope: { of: 'organization' }, placedAt: '2026-11-26T13:00:00.000Z' },
        },
      },
    ]);
    await applyTombstones(service.options);
    expect(await service.isReadable(organizationId, userId, sealed)).toBe(true);
    expect(await service.stepOf(holdId)).toEqual([]);
    await service.release(holdId);
    expect(await service.workOff({ of: 'person', ...intended, requestedAt: new Date() })).toBe('done');
    expect(await service.isReadable(organizationId, userId, sealed)).toBe(false);
  });

  it('repeats an erasure that was carried out, though a hold came later', async () => {
    const { organizationId, userId, sealed } = await service.customer();
    await service.options.tombstones.append([
      {
        ...{ erasureId: randomUUID(), organizationId, userId, organizations: [organizationId] },
        ...{ subjects: [userId], requestedAt: '2026-11-26T12:00:00.000Z' },
      },
    ]);
    await service.take(organizationId);
    await applyTombstones(service.options);
    expect(await service.isReadable(organizationId, userId, sealed)).toBe(false);
  });

  it('is not served with a file that does not have its holds: it is not the right one', async () => {
    const other = tombstoneFile(path.join(service.folder, 'other.jsonl'));
    const { tombstones, intended } = await service.options.tombstones.read();
    await other.append([...tombstones, ...intended.map((one) => ({ intended: one }))]);
    await expect(applyTombstones({ ...service.options, tombstones: other })).rejects.toThrow(/legal holds/);
  });
});

describe('what a service learns of the others’ files when the whole system is restored', () => {
  const [organizationId, userId, holdId] = [randomUUID(), randomUUID(), randomUUID()];
  const tombstone = {
    ...{ erasureId: randomUUID(), organizationId, userId, organizations: [organizationId] },
    ...{ subjects: [userId], requestedAt: '2026-11-26T12:00:00.000Z' },
  };
  const hold = {
    ...{ holdId, organizationId: randomUUID(), heldOrganizationId: organizationId },
    ...{ scope: { of: 'organization' } as const, placedAt: '2026-11-26T13:00:00.000Z' },
  };
  const none: Ledger = { tombstones: [], intended: [], holds: [], released: new Set() };

  it('is what they carried out', () => {
    expect(linesOfOthers(none, [none, { ...none, tombstones: [tombstone] }])).toEqual([tombstone]);
  });

  it('is no more than that it was intended, where a hold stops it and this service had not carried it out', () => {
    const theirs = { ...none, tombstones: [tombstone], holds: [hold] };
    expect(linesOfOthers(none, [none, theirs])).toEqual([{ hold }, { intended: tombstone }]);
    const own = { ...none, tombstones: [tombstone] };
    expect(linesOfOthers(own, [own, theirs])).toEqual([{ hold }]);
    const released = { ...theirs, released: new Set([holdId]) };
    expect(linesOfOthers(none, [none, released])).toEqual([{ hold }, { released: { holdId } }, tombstone]);
  });
});

/** Erases with a process that dies at its so many-th word to the database or the file. @returns whether it lived to the receipt */
async function dyingAfter(steps: number, { erasureId }: Erasure): Promise<boolean> {
  const { database, options } = service;
  let left = steps;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1;
    if (left < 0) throw new Error('Killed');
    return work();
  };
  const dying = Object.create(database, {
    asWorker: { value: (work: never) => step(() => database.asWorker(work)) },
    asRetention: { value: (work: never) => step(() => database.asRetention(work)) },
  }) as Database;
  const tombstones: ErasingOptions['tombstones'] = {
    read: () => options.tombstones.read(),
    append: (lines) => step(() => options.tombstones.append(lines)),
  };
  const worker = startErasing({ ...options, database: dying, tombstones, stores: libraryStores(dying) });
  const isDone = async (): Promise<boolean> => {
    const rows = await database.asWorker((sql) =>
      sql.query('select from erasure where erasure_id = $1 and receipt_at is not null', [erasureId]),
    );
    return rows.length > 0;
  };
  while (left >= 0 && !(await isDone())) {
    worker.wake();
    await new Promise((resolve) => setTimeout(resolve, 10));
    service.advance();
  }
  await worker.stop();
  // Asked once more: it may have given the receipt, and died at the word after it, while it was asked.
  return isDone();
}
