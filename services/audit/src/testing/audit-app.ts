import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serviceNames } from '@vouchsafe/contracts';
import {
  anonymous,
  type Caller,
  Clock,
  ensureInternalKeys,
  InternalTokens,
  type Permission,
  readPrivateKey,
  type RunningService,
  serviceUrlVariables,
} from '@vouchsafe/service-host';
import { testPostgres, type TestPostgres } from '@vouchsafe/testing';
import { provisionDatabase } from '@vouchsafe/database';
import { busMigrations } from '@vouchsafe/messaging';
import { localKeyProvider } from '@vouchsafe/vault';
import { bootAudit } from '../audit.service.js';
import { ada, aSession, originName, ours } from './audit-database.js';

export const operator = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99';

export interface AuditApp {
  readonly service: RunningService;
  readonly postgres: TestPostgres;
  readonly env: Record<string, string>;
  readonly clock: { ahead: number };
  /** A request of one who holds these permissions in an organization. */
  ask<Body = Problem>(method: string, path: string, options?: AskOptions): Promise<Answer<Body>>;
  boot(): Promise<RunningService>;
  stop(): Promise<void>;
}

export interface AskOptions {
  readonly body?: unknown;
  /** A body as it is, in place of `body`. */
  readonly json?: string;
  readonly organizationId?: string | null;
  readonly permissions?: readonly Permission[];
  /** Who it is, where that matters: a key with its source, or the session of another person. */
  readonly as?: Pick<Caller, 'actor'> & Partial<Pick<Caller, 'sessionId' | 'source'>>;
  readonly headers?: Record<string, string>;
}

export interface Problem {
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string }[];
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** The body as JSON. */
  readonly body: Body;
}

const password = 'only-for-tests';

/** The whole service over HTTP on a real Postgres, called as the gateway calls it. */
export async function auditApp(more: Record<string, string> = {}): Promise<AuditApp> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-audit-app-'));
  const postgres = await testPostgres();
  await provisionDatabase({ adminUrl: postgres.adminUrl, service: 'audit', password: () => password });
  await postgres.database('bus', busMigrations);
  const keys = await ensureInternalKeys(folder, serviceNames);
  await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  const env = { ...environmentOf(folder, postgres, keys), ...more };
  const moved = { ahead: 0 };
  class MovedClock extends Clock {
    override now(): Date {
      return new Date(Date.now() + moved.ahead);
    }
  }
  const clock = new MovedClock();
  const boot = () => bootAudit({ env, clock, handleSignals: false });
  let service = await boot();
  const gateway = new InternalTokens('gateway', await readPrivateKey(keys.privateKeyFile('gateway')), () =>
    clock.now(),
  );
  return {
    get service() {
      return service;
    },
    postgres,
    env,
    clock: moved,
    ask: async (method, url, options = {}) => {
      const token = await gateway.sign('audit', callerWith(options));
      const body = options.json ?? (options.body === undefined ? null : JSON.stringify(options.body));
      const response = await fetch(`${service.url}${url}`, {
        method,
        headers: {
          'vouchsafe-internal-token': token,
          ...(body === null ? {} : { 'content-type': 'application/json' }),
          ...options.headers,
        },
        body,
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const json = response.headers.get('content-type')?.includes('json') ?? false;
      return {
        status: response.status,
        headers: response.headers,
        bytes,
        body: (json ? JSON.parse(bytes.toString()) : null) as never,
      };
    },
    boot: async () => (service = await boot()),
    stop: async () => {
      await service.stop();
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function environmentOf(
  folder: string,
  { adminUrl }: TestPostgres,
  keys: Awaited<ReturnType<typeof ensureInternalKeys>>,
) {
  const { host } = new URL(adminUrl);
  return {
    PORT: '0',
    VOUCHSAFE_LOG_LEVEL: process.env.LOG ?? 'error',
    VOUCHSAFE_DATABASE_URL: `postgres://${host}/audit`,
    VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR: password,
    VOUCHSAFE_DATABASE_PASSWORD_REQUEST: password,
    VOUCHSAFE_DATABASE_PASSWORD_WORKER: password,
    VOUCHSAFE_DATABASE_PASSWORD_RETENTION: password,
    VOUCHSAFE_BUS_URL: `postgres://bus_worker:${password}@${host}/bus`,
    VOUCHSAFE_KEK_FILE: path.join(folder, 'kek.json'),
    VOUCHSAFE_TOMBSTONE_FILE: path.join(folder, 'tombstones.jsonl'),
    VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operator,
    VOUCHSAFE_PUBLIC_URL: 'http://localhost:8080',
    VOUCHSAFE_LOG_NAME: originName,
    // Its clock is moved.
    VOUCHSAFE_EXPORTER: 'service',
    VOUCHSAFE_FILES_FOLDER: path.join(folder, 'files'),
    ...serviceUrlVariables(() => 'http://127.0.0.1:1'),
    VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: keys.publicKeysFile,
    VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: keys.privateKeyFile('audit'),
  };
}

function callerWith({
  organizationId = ours,
  permissions = ['audit:read', 'audit:write', 'audit:export'],
  as = { actor: { type: 'user', id: ada }, sessionId: aSession },
}: AskOptions) {
  const who: Omit<Caller, 'traceparent'> = {
    ...anonymous,
    requestId: 'request-1',
    sourceIp: '198.51.100.7',
    userAgent: 'test',
    ...(organizationId === null
      ? {}
      : {
          organizationId,
          ...as,
          authenticationLevel: 'two-factor',
          permissions: [...permissions],
        }),
  };
  return who;
}
