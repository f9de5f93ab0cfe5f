import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Database } from '@vouchsafe/database';
import { withSharedMigrations } from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import type { NewEntry } from '../log/entry.js';
import { auditMigrations } from '../persistence/migrations.js';

export const ours = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';
export const theirs = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02';
export const ada = '0f8fad5b-d9cb-469f-a165-70867728950e';

export const aSession = '7f0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c10';
export const aKey = '7f0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c11';

export const originName = 'audit.example.org';
export const naming = { VOUCHSAFE_LOG_NAME: originName, VOUCHSAFE_PUBLIC_URL: 'http://localhost:8080' };

export interface AuditDatabase {
  readonly postgres: TestPostgres;
  readonly database: Database;
  readonly vault: Vault;
  /** Moves with the test: `clock.time = new Date(...)`. */
  readonly clock: { time: Date; readonly now: () => Date };
  stop(): Promise<void>;
}

/** A real Postgres with audit's schema, a vault and a clock that stands until the test moves it. */
export async function auditDatabase(): Promise<AuditDatabase> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-audit-'));
  const postgres = await testPostgres();
  const database = await postgres.database('audit', withSharedMigrations(auditMigrations));
  const clock = { time: new Date('2026-11-22T12:00:00.000Z'), now: () => clock.time };
  const provider = await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  const vault = new Vault({ provider, environment: 'test', now: () => clock.time });
  return {
    postgres,
    database,
    vault,
    clock,
    stop: async () => {
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** An entry as an organization's own back end sends it. */
export function entry(changes: Partial<NewEntry> = {}): NewEntry {
  return {
    organizationId: ours,
    provenance: 'asserted',
    submitter: { type: 'api-key', id: aKey },
    source: 'shop',
    id: null,
    occurredAt: '2026-11-22T11:59:59.000Z',
    actor: { type: 'user', id: ada },
    operation: 'invoice.read',
    entity: { type: 'invoice', id: 'INV-1' },
    outcome: 'success',
    sourceIp: '203.0.113.9',
    url: '/invoices/INV-1?name=Lovelace',
    userAgent: 'Firefox',
    requestId: null,
    details: { name: 'Ada Lovelace' },
    clear: new Set(),
    subject: ada,
    ...changes,
  };
}
