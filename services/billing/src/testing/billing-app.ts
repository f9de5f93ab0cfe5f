import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Abstract, Type } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import { Database, provisionDatabase } from '@vouchsafe/database';
import { busMigrations } from '@vouchsafe/messaging';
import {
  anonymous,
  type Caller,
  Clock,
  ensureInternalKeys,
  InternalTokens,
  type Permission,
  readPrivateKey,
  type RunningService,
  serviceLogger,
  serviceUrlVariables,
} from '@vouchsafe/service-host';
import { type TestPostgres, testPostgres } from '@vouchsafe/testing';
import { localKeyProvider } from '@vouchsafe/vault';
import { bootBilling } from '../billing.service.js';

export const ours = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01';
export const theirs = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02';
export const ada = '0f8fad5b-d9cb-469f-a165-70867728950e';
export const operator = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99';

export interface AskOptions {
  readonly body?: unknown;
  /** A body that is sent as it is. */
  readonly text?: string;
  readonly organizationId?: string;
  readonly userId?: string;
  readonly permissions?: readonly Permission[];
  /** When the caller proved who they are; a moment ago, where nothing is said. */
  readonly authenticatedAt?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface BillingApp {
  readonly service: RunningService;
  readonly database: Database;
  readonly postgres: TestPostgres;
  readonly clock: { ahead: number };
  /** Everything that the service has printed. */
  readonly printed: () => string;
  get<Provided>(token: Type<Provided> | Abstract<Provided>): Provided;
  /** A request of somebody who may read and change billing, as it comes from the gateway. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** One more instance, on the same database; stopped with the first. */
  another(more?: Readonly<Record<string, string>>): Promise<RunningService>;
  stop(): Promise<void>;
}

const password = 'only-for-tests';

/** The whole service over HTTP on a real Postgres, called as the gateway calls it. */
export async function billingApp(more: Readonly<Record<string, string>> = {}): Promise<BillingApp> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-billing-'));
  const postgres = await testPostgres();
  const keys = await ensureInternalKeys(folder, serviceNames);
  const moved = { ahead: 0 };
  class MovedClock extends Clock {
    override now(): Date {
      return new Date(Date.now() + moved.ahead);
    }
  }
  const clock = new MovedClock();
  const lines: string[] = [];
  const logger = serviceLogger('billing', 'trace', { write: (line: string) => void lines.push(line) });
  const env = { ...(await environment(folder, postgres, keys)), ...more };
  const boot = (changes: Readonly<Record<string, string>> = {}) =>
    bootBilling({ env: { ...env, ...changes }, clock, logger, handleSignals: false });
  const service = await boot().catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  const others: RunningService[] = [];
  const gateway = new InternalTokens('gateway', await readPrivateKey(keys.privateKeyFile('gateway')), () =>
    clock.now(),
  );
  return {
    service,
    postgres,
    clock: moved,
    printed: () => lines.join(''),
    get database() {
      return service.app.get(Database);
    },
    get: (token) => service.app.get(token),
    ask: async (method, url, options = {}) =>
      send(
        method,
        `${service.url}${url}`,
        await gateway.sign('billing', callerWith(clock.now(), options)),
        options,
      ),
    another: async (changes) => {
      const instance = await boot(changes);
      others.push(instance);
      return instance;
    },
    stop: async () => {
      for (const instance of [...others, service]) await instance.stop();
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function send(method: string, url: string, token: string, options: AskOptions): Promise<Answer> {
  const body = options.text ?? (options.body === undefined ? null : JSON.stringify(options.body));
  const response = await fetch(url, {
    method,
    headers: {
      'vouchsafe-internal-token': token,
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    body,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Answer['body'],
  };
}

async function environment(
  folder: string,
  postgres: TestPostgres,
  keys: Awaited<ReturnType<typeof ensureInternalKeys>>,
): Promise<Record<string, string>> {
  await provisionDatabase({ adminUrl: postgres.adminUrl, service: 'billing', password: () => password });
  await postgres.database('bus', busMigrations);
  await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  const { host } = new URL(postgres.adminUrl);
  return {
    PORT: '0',
    VOUCHSAFE_ENVIRONMENT: 'testing',
    VOUCHSAFE_DATABASE_URL: `postgres://${host}/billing`,
    VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR: password,
    VOUCHSAFE_DATABASE_PASSWORD_REQUEST: password,
    VOUCHSAFE_DATABASE_PASSWORD_WORKER: password,
    VOUCHSAFE_DATABASE_PASSWORD_RETENTION: password,
    VOUCHSAFE_BUS_URL: `postgres://bus_worker:${password}@${host}/bus`,
    VOUCHSAFE_STRIPE_PAUSE_MS: '10',
    VOUCHSAFE_KEK_FILE: path.join(folder, 'kek.json'),
    VOUCHSAFE_TOMBSTONE_FILE: path.join(folder, 'tombstones.jsonl'),
    VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operator,
    VOUCHSAFE_PUBLIC_URL: 'https://app.example.com',
    ...serviceUrlVariables(() => 'http://127.0.0.1:1'),
    VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: keys.publicKeysFile,
    VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: keys.privateKeyFile('billing'),
  };
}

function callerWith(
  now: Date,
  {
    organizationId = ours,
    userId = ada,
    permissions = ['billing:read', 'billing:write'],
    authenticatedAt = now.toISOString(),
  }: AskOptions,
): Omit<Caller, 'traceparent'> {
  return {
    ...anonymous,
    requestId: `request-${Math.random().toString(36).slice(2)}`,
    sourceIp: '198.51.100.7',
    userAgent: 'test',
    organizationId,
    actor: { type: 'user', id: userId },
    authenticationLevel: 'two-factor',
    authenticatedAt,
    permissions: [...permissions],
  };
}
