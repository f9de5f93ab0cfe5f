import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceNames } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';
import { busMigrations } from '@vouchsafe/messaging';
import { type Authenticated, ensureInternalKeys, withSharedMigrations } from '@vouchsafe/service-host';
import { type SourceProcess, startFromSource, testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { localKeyProvider } from '@vouchsafe/vault';
import { z } from 'zod';
import { gatewayMigrations } from '../persistence/migrations.js';
import { type FakeServices, fakeServices } from './fake-services.js';

export const operatorId = '5b0c7cbd-6b3c-4f0a-9a0e-000000000000';
export const organizationId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';
export const userId = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02';
export const sessionSecret = 'A'.repeat(43);
export const apiKey = 'vs_test_key';

export const member: Authenticated = {
  organizationId,
  actor: { type: 'user', id: userId },
  roles: ['admin'],
  permissions: ['members:read', 'members:write'],
  authenticationLevel: 'two-factor',
  sessionId: 'session-1',
  authenticatedAt: '2026-11-22T12:00:00.000Z',
  staffGrantId: null,
};
export const key: Authenticated = {
  ...member,
  actor: { type: 'api-key', id: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c03' },
  authenticationLevel: 'api-key',
  sessionId: null,
};

export interface GatewaySuite {
  readonly postgres: TestPostgres;
  readonly database: Database;
  readonly services: FakeServices;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** The gateway as a process of its own; `url` and `instanceId` when it listens. */
  startProcess(
    more?: Record<string, string>,
  ): Promise<SourceProcess & { readonly url: string; readonly instanceId: string }>;
  stop(): Promise<void>;
}

/** A real Postgres, two services behind the gateway, and the environment of a gateway before them. */
export async function gatewaySuite(postgresFolder?: string): Promise<GatewaySuite> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-gateway-'));
  const keys = await ensureInternalKeys(path.join(folder, 'keys'), serviceNames);
  const postgres = await testPostgres(postgresFolder === undefined ? {} : { parent: postgresFolder });
  const database = await postgres.database('gateway', withSharedMigrations(gatewayMigrations));
  await postgres.database('bus', busMigrations);
  await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  const shared = {
    VOUCHSAFE_LOG_LEVEL: 'silent',
    VOUCHSAFE_ENVIRONMENT: 'testing',
    VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: keys.publicKeysFile,
  };
  const services = await fakeServices(folder, shared);
  services.world.sessions.set(sessionSecret, member);
  services.world.apiKeys.set(apiKey, key);
  const own = new URL(postgres.url('gateway', 'worker'));
  const password = decodeURIComponent(own.password);
  const env = {
    ...shared,
    ...services.env,
    PORT: '0',
    VOUCHSAFE_INTERNAL_PORT: '0',
    VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: keys.privateKeyFile('gateway'),
    VOUCHSAFE_DATABASE_URL: `postgres://${own.host}/gateway`,
    VOUCHSAFE_DATABASE_PASSWORD_REQUEST: password,
    VOUCHSAFE_DATABASE_PASSWORD_WORKER: password,
    VOUCHSAFE_DATABASE_PASSWORD_RETENTION: password,
    VOUCHSAFE_BUS_URL: postgres.url('bus', 'worker'),
    VOUCHSAFE_KEK_FILE: path.join(folder, 'kek.json'),
    VOUCHSAFE_TOMBSTONE_FILE: path.join(folder, 'tombstones.jsonl'),
    VOUCHSAFE_SESSION_KEY_FILE: path.join(folder, 'session-keys.json'),
    VOUCHSAFE_PUBLIC_URL: 'https://vouchsafe.example',
    VOUCHSAFE_ALLOWED_ORIGINS: 'https://console.example',
    VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operatorId,
    VOUCHSAFE_INSTANCE_LEASE_MS: '1000',
    VOUCHSAFE_ACCESS_LOG_PATIENCE_MS: '1500',
    VOUCHSAFE_BODY_LIMIT: '20000',
    VOUCHSAFE_RATE_PER_ADDRESS: '1000000/60',
    VOUCHSAFE_RATE_PER_ACCOUNT: '1000000/60',
    VOUCHSAFE_RATE_PER_KEY: '1000000/60',
  };
  return {
    postgres,
    database,
    services,
    env,
    folder,
    startProcess: async (more = {}) => {
      const main = fileURLToPath(new URL('../main.ts', import.meta.url));
      const started = startFromSource(main, { ...env, VOUCHSAFE_LOG_LEVEL: 'info', ...more });
      const line = await started.line(/"msg":"The public server is listening"/);
      return { ...started, ...z.object({ url: z.string(), instanceId: z.string() }).parse(JSON.parse(line)) };
    },
    stop: async () => {
      await services.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The access log as it is stored: every entry's number, request and outcome, by instance. */
export async function storedEntries(database: Database): Promise<StoredEntry[]> {
  return database.asWorker((sql) =>
    sql.query<StoredEntry>(
      `select stream, version, organization_id, payload from event where stream like 'access-log-%' order by right(stream, 36), version`,
    ),
  );
}
export interface StoredEntry {
  readonly stream: string;
  readonly version: number;
  readonly organization_id: string;
  readonly payload: {
    readonly requestId: string;
    readonly operation: string;
    readonly outcome: string;
    readonly status: number | null;
    readonly part: string;
    readonly [field: string]: unknown;
  };
}

/** Numbers that are not where they should be: each instance counts 1, 2, 3, ..., whatever the month of its stream. */
export function gaps(entries: readonly StoredEntry[]): string[] {
  const last = new Map<string, number>();
  return entries.flatMap(({ stream, version }) => {
    const instance = stream.slice(-36);
    const expected = (last.get(instance) ?? 0) + 1;
    last.set(instance, version);
    return version === expected ? [] : [`${instance}: ${version} after ${expected - 1}`];
  });
}
