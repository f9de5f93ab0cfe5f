import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from '@jest/globals';
import type { Database } from '@vouchsafe/database';
import { testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { type Consumer, type ConsumerOptions, startConsumer } from './consumer.js';
import { consumerMigrations } from './migrations.js';
import { effectMigration, noteTaken, recording, type sourceOf } from './source.fixture.js';

type Source = ReturnType<typeof sourceOf>;

export interface Effect {
  readonly lane: number;
  readonly number: string;
  readonly text: string;
  readonly name: unknown;
}

/** A service that consumes: its database, its vault, and what the facts of a source have done there. */
export async function receiver() {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-receiver-'));
  const postgres = await testPostgres();
  const database: Database = await postgres.database('receiver', [
    ...vaultMigrations,
    ...consumerMigrations,
    effectMigration,
  ]);
  const vault = new Vault({
    provider: await localKeyProvider(path.join(folder, 'kek.json'), { create: true }),
    environment: 'test',
    now: () => new Date('2026-11-22T10:00:00Z'),
  });
  const effects = (source: string): Promise<Effect[]> =>
    database.asWorker((sql) =>
      sql.query('select lane, number, text, name from effect where source = $1 order by place', [source]),
    );
  return {
    ...{ postgres, database, vault, effects },
    /** Records effects, unless other reactions are given. */
    consume: (
      source: Source,
      options: Pick<ConsumerOptions, 'bus' | 'group' | 'topics'> & Partial<ConsumerOptions>,
    ): Promise<Consumer> =>
      startConsumer({
        ...{ database, vault, reactions: [recording()] },
        ...{ fetchMissing: source.fetchMissing, fetchTransitKeys: source.fetchTransitKeys },
        ...options,
      }),
    /** Every fact of the source that concerns us once, each lane in its order. */
    expectOnceInOrder: async (source: Source): Promise<void> => {
      const rows = await effects(source.name);
      for (const [lane, messages] of source.given) {
        const wanted = messages.filter(({ publication }) => publication.contract === noteTaken);
        expect(rows.filter((row) => row.lane === lane).map(({ number }) => number)).toEqual(
          wanted.map(({ number }) => String(number)),
        );
      }
    },
    stop: async (): Promise<void> => {
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof receiver>>;
