/** @promise P31 nothing that a legal hold covers is destroyed, and what it stopped goes on by itself */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HoldScope } from '@vouchsafe/contracts';
import { askingHolds, HeldError } from './destroying.js';
import { covers, type Destruction } from './holds.js';
import { type TestService, testService } from './holds.fixture.js';

let service: TestService;
beforeAll(async () => {
  service = await testService();
}, 60_000);
afterAll(() => service.stop());

describe('a hold on an organization', () => {
  it('stops the erasure of the organization before anything is destroyed, and its release lets it go on', async () => {
    const { organizationId, userId, sealed } = await service.customer();
    const { holdId } = await service.take(organizationId);
    await service.confirmed(holdId);
    const erasure = await service.eraseOrganization(organizationId);
    expect(await service.workOff(erasure)).toEqual([holdId]);
    expect(await service.eventsOf(organizationId)).toBe(1);
    expect(await service.isReadable(organizationId, userId, sealed)).toBe(true);
    const { intended, tombstones } = await service.options.tombstones.read();
    expect([...intended, ...tombstones].map(({ erasureId }) => erasureId)).not.toContain(erasure.erasureId);
    await service.release(holdId);
    expect(await service.workOff(erasure)).toBe('done');
    expect(await service.eventsOf(organizationId)).toBe(0);
  });

  it('stops the erasure of each of its people, and of nobody else’s', async () => {
    const [ours, theirs] = [await service.customer(), await service.customer()];
    const { holdId } = await service.take(ours.organizationId);
    await service.confirmed(holdId);
    const erasure = await service.erasePerson(ours.organizationId, ours.userId);
    expect(await service.workOff(erasure)).toEqual([holdId]);
    expect(await service.isReadable(ours.organizationId, ours.userId, ours.sealed)).toBe(true);
    expect(await service.workOff(await service.erasePerson(theirs.organizationId, theirs.userId))).toBe(
      'done',
    );
    await service.release(holdId);
    expect(await service.workOff(erasure)).toBe('done');
    expect(await service.isReadable(ours.organizationId, ours.userId, ours.sealed)).toBe(false);
  });

  it('counts from the moment at which the service knows of it, before it is confirmed', async () => {
    const { organizationId } = await service.customer();
    const { holdId } = await service.take(organizationId);
    expect(await service.workOff(await service.eraseOrganization(organizationId))).toEqual([holdId]);
    expect(await service.stepOf(holdId)).toEqual([]);
  });

  it('stops it until the last of several is released', async () => {
    const { organizationId } = await service.customer();
    const [one, two] = [await service.take(organizationId), await service.take(organizationId)];
    const erasure = await service.eraseOrganization(organizationId);
    expect(await service.workOff(erasure)).toHaveLength(2);
    await service.release(one.holdId);
    expect(await service.workOff(erasure)).toEqual([two.holdId]);
    await service.release(two.holdId);
    expect(await service.workOff(erasure)).toBe('done');
  });
});

describe('a hold on a part of an organization’s data', () => {
  it.each<[string, number, (userId: string) => HoldScope]>([
    // Answers that are kept for repeated requests say something of people, and nothing else that could be held.
    ['a person', 1, (userId) => ({ of: 'subject', subjects: [userId] })],
    ['an entity', 0, () => ({ of: 'entity', entityType: 'invoice', entityId: '4711' })],
    [
      'a time',
      0,
      () => ({ of: 'time-range', from: '2026-01-01T00:00:00.000Z', to: '2026-12-31T00:00:00.000Z' }),
    ],
  ])(
    '(%s) stops the stores that may hold it, and the keys; the others go',
    async (_, keptAnswers, scopeOf) => {
      const { organizationId, userId, sealed } = await service.customer();
      await service.database.forOrganization(organizationId, (sql) =>
        sql.query(
          `insert into idempotency_key (organization_id, actor, operation, key, request_hash, recorded_at)
         values ($1, 'user:x', 'x', 'x', 'x', now())`,
          [organizationId],
        ),
      );
      const { holdId } = await service.take(organizationId, scopeOf(userId));
      const erasure = await service.eraseOrganization(organizationId);
      expect(await service.workOff(erasure)).toEqual([holdId]);
      expect(await service.eventsOf(organizationId)).toBe(1);
      expect(await service.isReadable(organizationId, userId, sealed)).toBe(true);
      const answers = await service.database.asWorker((sql) =>
        sql.query('select from idempotency_key where organization_id = $1', [organizationId]),
      );
      expect(answers).toHaveLength(keptAnswers);
      await service.release(holdId);
      expect(await service.workOff(erasure)).toBe('done');
      expect(await service.eventsOf(organizationId)).toBe(0);
    },
  );

  it('does not stop the erasure of another person', () => {
    const scope: HoldScope = { of: 'subject', subjects: ['a', 'b'] };
    expect(covers(scope, { subjects: ['b', 'c'] })).toBe(true);
    expect(covers(scope, { subjects: ['c'] })).toBe(false);
    expect(covers({ of: 'entity', entityType: 'user', entityId: 'a' }, { subjects: ['c'] })).toBe(false);
  });
});

describe('a hold and a destruction at the same moment', () => {
  // It takes longer than the hold would, if the hold did not wait.
  it.each<[string, (what: Destruction, begin: () => void) => Promise<unknown>]>([
    [
      'in a transaction',
      (what, begin) =>
        askingHolds(
          service.database,
          what,
        )((sql) => {
          begin();
          return sql.query('select pg_sleep(0.05)');
        }),
    ],
    [
      'outside of the database',
      (what, begin) =>
        askingHolds(service.database, what).outside(() => {
          begin();
          return sleep(50);
        }),
    ],
  ])(
    '(%s) end so, in either order, that the hold is obeyed or the destruction was over before it was confirmed',
    async (_, destroy) => {
      let stopped = 0;
      for (let nth = 0; nth < 100; nth += 1) {
        const { organizationId } = await service.customer();
        const order: string[] = [];
        const hold = async () => {
          const { holdId } = await service.take(organizationId);
          await service.confirmed(holdId);
          order.push('confirmed');
        };
        const begun = Promise.withResolvers<true>();
        const destruction = async () => {
          const end = await destroy({ organizations: [organizationId] }, () => begun.resolve(true)).then(
            () => 'destroyed',
            (error: unknown) => {
              if (error instanceof HeldError) return 'stopped';
              throw error;
            },
          );
          order.push(end);
        };
        await (nth % 2 === 0
          ? Promise.all([hold(), destruction()])
          : Promise.all([destruction(), begun.promise.then(hold)]));
        if (order.includes('stopped')) stopped += 1;
        else expect(order).toEqual(['destroyed', 'confirmed']);
      }
      // Both orders were seen.
      expect(stopped).toBeGreaterThan(0);
      expect(stopped).toBeLessThan(100);
    },
    120_000,
  );

  it('is told when its locks are lost, for the hold may be confirmed then', async () => {
    const { organizationId } = await service.customer();
    const removed: number[] = [];
    const removing = askingHolds(service.database, { organizations: [organizationId] }).outside(
      async (lost) => {
        for (let nth = 1; nth < 5; nth += 1) {
          lost.throwIfAborted();
          removed.push(nth);
          if (nth === 2) {
            await service.loseLocks();
            const { holdId } = await service.take(organizationId);
            await service.confirmed(holdId);
          }
        }
      },
    );
    await expect(removing).rejects.toThrow('The connection that held the locks is lost');
    expect(removed).toEqual([1, 2]);
  });

  it('of one organization does not delay the hold of another', async () => {
    const [first, second] = [await service.customer(), await service.customer()];
    const begun = Promise.withResolvers<true>();
    const end = Promise.withResolvers<true>();
    const destruction = askingHolds(service.database, { organizations: [first.organizationId] }).outside(
      () => {
        begun.resolve(true);
        return end.promise;
      },
    );
    await begun.promise;
    const waiting = await service.take(first.organizationId);
    const other = await service.take(second.organizationId);
    await service.confirmed(other.holdId);
    expect(await service.stepOf(waiting.holdId)).toEqual([]);
    end.resolve(true);
    await destruction;
    await service.confirmed(waiting.holdId);
  });

  it('has no transaction open while it is outside of the database', async () => {
    const { organizationId } = await service.customer();
    const open = await askingHolds(service.database, { organizations: [organizationId] }).outside(
      async () => {
        await sleep(100);
        return service.database.asWorker((sql) =>
          sql.query(`select query from pg_stat_activity
          where datname = current_database() and xact_start < now() - interval '50 milliseconds'`),
        );
      },
    );
    expect(open).toEqual([]);
  });
});
