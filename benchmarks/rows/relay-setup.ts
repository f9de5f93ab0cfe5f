import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { contract, publication } from '@vouchsafe/contracts';
import { eventCatalog, type OrganizationId, personal } from '@vouchsafe/event-sourcing';
import { EventStore, eventStoreMigrations, publishing } from '@vouchsafe/event-store';
import { consumerMigrations, kafkaBus } from '@vouchsafe/messaging';
import { testKafka, testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { z } from 'zod';
import { envelope, payload } from './event-store.ts';

export const BYTES = 300;
const ORGANIZATIONS = 64;
const organizations = Array.from({ length: ORGANIZATIONS }, () => randomUUID() as OrganizationId);

const schema = z.strictObject({ mark: z.string(), text: z.string() });
/** Says something of a person, as most facts do: it is sealed on the bus. */
export const happened = contract({
  type: 'vouchsafe.audit.benched.v1',
  summary: 'For the rows of the relay.',
  schema: z.strictObject({
    mark: z.string(),
    text: personal(z.string(), { purpose: 'audit-trail', subject: null }),
  }),
});
const catalog = eventCatalog({ happened: { version: 1, visibility: 'published', schema } });
const text = payload(BYTES);

/** A service with an outbox, and a Kafka for it: everything durable, as in production. */
export async function relaySetup() {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-relay-'));
  const postgres = await testPostgres({ durable: true });
  const kafka = await testKafka().catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  const database = await postgres.database(
    'bench',
    [...vaultMigrations, ...eventStoreMigrations, ...consumerMigrations],
    { poolSize: 16 },
  );
  const vault = new Vault({
    provider: await localKeyProvider(path.join(folder, 'kek.json'), { create: true }),
    environment: 'benchmark',
    now: () => new Date(),
  });
  const store = new EventStore({ database, vault });
  const bus = kafkaBus({ brokers: kafka.brokers, clientId: 'bench' });
  const adminUrl = Object.assign(new URL(postgres.adminUrl), { pathname: '/bench' }).href;
  return {
    ...{ database, vault, store, bus, adminUrl, brokers: kafka.brokers },
    publishing: [publishing(catalog, ({ data }) => [publication(happened, data as z.output<typeof schema>)])],
    topic: async (): Promise<string> => {
      const name = `bench-${randomUUID()}`;
      await bus.ensureTopics([{ name, partitions: 8, retentionMs: 86_400_000, segmentMs: 86_400_000 }]);
      return name;
    },
    /** One transaction of as many events as there are marks; organizations take turns. */
    append: (turn: number, marks: readonly string[]): Promise<void> =>
      store.append({
        organizationId: organizations[turn % ORGANIZATIONS] ?? organizations[0] ?? unreachable(),
        stream: `bench-${randomUUID()}`,
        expectedVersion: 0,
        catalog,
        events: marks.map((mark) => ({ type: 'happened', data: { mark, text } })),
        envelope,
      }),
    close: async () => {
      await bus.close();
      await Promise.all([postgres.stop(), kafka.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

function unreachable(): never {
  throw new Error('There are organizations');
}
