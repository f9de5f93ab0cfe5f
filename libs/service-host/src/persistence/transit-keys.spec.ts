import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { TOPICS_KEEP_MS, topicSpecs } from './topics.js';
import { keepTransitKeysYoung } from './transit-keys.js';

const HOUR_MS = 3_600_000;
const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';

describe('a transit key', () => {
  it('is kept as long as a topic can keep a message under it, and not a day longer', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-young-'));
    const postgres = await testPostgres();
    try {
      const database = await postgres.database('young', vaultMigrations);
      let clock = new Date('2026-11-28T23:59:59Z');
      const vault = new Vault({
        provider: await localKeyProvider(path.join(folder, 'kek.json'), { create: true }),
        environment: 'test',
        now: () => clock,
      });
      await database.asWorker((sql) => vault.todaysTransitKeys(sql, [organizationId]));
      const keys = () => database.asWorker((sql) => sql.query('select day from vault_transit_key'));
      const errors: unknown[] = [];
      const lookAt = async (time: string): Promise<number> => {
        clock = new Date(time);
        const looking = keepTransitKeysYoung({
          ...{ database, vault },
          now: () => clock,
          onError: (error) => errors.push(error),
        });
        await sleep(50);
        await looking.stop();
        return (await keys()).length;
      };
      expect(await lookAt('2026-11-29T12:00:00Z')).toBe(1);
      expect(await lookAt('2026-12-05T23:59:58Z')).toBe(1);
      expect(await lookAt('2026-12-06T00:00:00Z')).toBe(0);
      expect(errors).toEqual([]);
    } finally {
      await postgres.stop();
      await rm(folder, { recursive: true });
    }
  });
});

describe('every topic', () => {
  it('keeps a message for seven days at most: retention, the segment’s own age and the broker’s look together', () => {
    expect(TOPICS_KEEP_MS).toBe(7 * 24 * HOUR_MS);
    for (const { retentionMs, segmentMs } of topicSpecs())
      expect(retentionMs + segmentMs + HOUR_MS).toBeLessThanOrEqual(TOPICS_KEEP_MS);
  });
});
