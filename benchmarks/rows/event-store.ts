import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventCatalog, type OrganizationId } from '@vouchsafe/event-sourcing';
import { type Envelope, EventStore, eventStoreMigrations } from '@vouchsafe/event-store';
import { testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import pg from 'pg';
import { z } from 'zod';

export const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01' as OrganizationId;

export const benchCatalog = eventCatalog({
  benched: { version: 1, visibility: 'private', schema: z.strictObject({ text: z.string() }) },
});

export const envelope: Envelope = {
  actor: { type: 'service', id: 'bench' },
  occurredAt: new Date('2026-01-01T00:00:00Z'),
  // Not null: pgbench would take `:null` for one of its variables.
  requestId: 'bench',
};

export function payload(bytes: number): string {
  return 'x'.repeat(bytes);
}

/** An event store on a Postgres of its own, with everything durable as in production. */
export async function openStore() {
  const postgres = await testPostgres({ durable: true });
  const database = await postgres.database('bench', [...vaultMigrations, ...eventStoreMigrations], {
    poolSize: 16,
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-kek-'));
  const vault = new Vault({
    provider: await localKeyProvider(path.join(folder, 'kek.json'), { create: true }),
    environment: 'benchmark',
    now: () => new Date(),
  });
  return {
    store: new EventStore({ database, vault }),
    workerUrl: postgres.url('bench', 'worker'),
    /** A database without anything in it, for a peer that makes its own tables; the superuser's URL. */
    emptyDatabase: (name: string) => createDatabase(postgres.adminUrl, name),
    close: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function createDatabase(adminUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`create database ${pg.escapeIdentifier(name)}`);
  await client.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}
