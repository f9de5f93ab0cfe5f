import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventCatalog } from '@vouchsafe/event-sourcing';
import { type Envelope, EventStore, eventStoreMigrations } from '@vouchsafe/event-store';
import { testPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { z } from 'zod';

export const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';

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
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'vouchsafe-kek-')), 'kek.json');
  const vault = new Vault({
    provider: await localKeyProvider(file, { create: true }),
    environment: 'benchmark',
    now: () => new Date(),
  });
  return {
    database,
    vault,
    store: new EventStore({ database, vault }),
    workerUrl: postgres.url('bench', 'worker'),
    close: () => postgres.stop(),
  };
}
