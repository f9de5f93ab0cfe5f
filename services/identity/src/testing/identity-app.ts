import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Abstract, Type } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import { Database, provisionDatabase } from '@vouchsafe/database';
import { busMigrations } from '@vouchsafe/messaging';
import {
  anonymous,
  type Authenticated,
  Clock,
  ensureInternalKeys,
  InternalTokens,
  readPrivateKey,
  type RunningService,
  serviceLogger,
  serviceUrlVariables,
} from '@vouchsafe/service-host';
import { type TestPostgres, testPostgres } from '@vouchsafe/testing';
import { localKeyProvider } from '@vouchsafe/vault';
import { bootIdentity } from '../identity.service.js';
import { mailbox, type Mailbox, mailFolderBox, tokenIn } from './mailbox.js';

export const operator = '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99';
export const goodPassword = 'a lamp, a ladder, a long walk';

/** The present versions of what must be accepted. */
export const accept = [
  { document: 'terms-of-service', version: '2026-01' },
  { document: 'privacy-policy', version: '2026-01' },
];

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  /** The secret that the gateway would put into the cookie. */
  readonly session: string | null;
}

export interface AskOptions {
  readonly body?: unknown;
  /** A session's secret, or an API key; without one the caller is anonymous. */
  readonly session?: string | null;
  readonly apiKey?: string;
  readonly headers?: Record<string, string>;
  /** Where it comes from, if not from the usual place. */
  readonly from?: { readonly sourceIp: string; readonly userAgent?: string };
}

export interface Person {
  readonly organizationId: string;
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  session: string;
}

export interface IdentityApp {
  readonly service: RunningService;
  readonly database: Database;
  readonly postgres: TestPostgres;
  /** What the service injects for a class. */
  get<Provided>(token: Type<Provided> | Abstract<Provided>): Provided;
  readonly mail: Mailbox;
  readonly clock: { ahead: number };
  /** Everything that the service has printed. */
  readonly printed: () => string;
  /** A request as it comes through the gateway: the session is asked for first, then a token says who it is. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  resolve(given: { session: string } | { apiKey: string }): Promise<Authenticated | null>;
  /** An organization with its verified owner, logged in. */
  signUp(name?: string): Promise<Person>;
  /** Another member, invited by the owner, logged in. */
  join(owner: Person, role: string): Promise<Person>;
  stop(): Promise<void>;
}

/**
 * The whole service over HTTP, on a real Postgres and a real SMTP server, called as the gateway calls it.
 * @param mailFolder emails are written there, and the SMTP server gets none
 */
export async function identityApp(
  more: Record<string, string> = {},
  mailFolder?: string,
): Promise<IdentityApp> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-identity-'));
  const [postgres, mail] = await Promise.all([testPostgres(), mailbox()]);
  const keys = await ensureInternalKeys(folder, serviceNames);
  const moved = { ahead: 0 };
  const clock = movedClock(moved);
  const lines: string[] = [];
  const logger = serviceLogger('identity', 'trace', { write: (line: string) => void lines.push(line) });
  const { VOUCHSAFE_SMTP_URL, ...usual } = await environment(folder, postgres, mail, keys);
  const emails = mailFolder ? { VOUCHSAFE_MAIL_FOLDER: mailFolder } : { VOUCHSAFE_SMTP_URL };
  const env = { ...usual, ...emails, ...more };
  const service = await bootIdentity({ env, clock, logger, handleSignals: false }).catch(
    async (error: unknown) => {
      // A suite that cannot boot fails at once, it does not hang on its servers.
      await Promise.all([postgres.stop(), mail.close()]);
      throw error;
    },
  );
  const privateKey = await readPrivateKey(keys.privateKeyFile('gateway'));
  const gateway = new InternalTokens('gateway', privateKey, () => clock.now());
  const calls = callsAsGateway(service.url, gateway);
  return {
    service,
    postgres,
    get: (token) => service.app.get(token),
    get database() {
      return service.app.get(Database);
    },
    mail,
    clock: moved,
    printed: () => lines.join(''),
    ...calls,
    ...peopleOf(calls.ask, mailFolder ? mailFolderBox(mailFolder) : mail),
    stop: async () => {
      await service.stop();
      await Promise.all([postgres.stop(), mail.close()]);
      await rm(folder, { recursive: true });
    },
  };
}

function movedClock(moved: { readonly ahead: number }): Clock {
  class MovedClock extends Clock {
    override now(): Date {
      return new Date(Date.now() + moved.ahead);
    }
  }
  return new MovedClock();
}

/** Makes what the service finds when it starts. @returns its environment variables */
async function environment(
  folder: string,
  postgres: TestPostgres,
  mail: Mailbox,
  keys: Awaited<ReturnType<typeof ensureInternalKeys>>,
): Promise<Record<string, string>> {
  const password = 'only-for-tests';
  await provisionDatabase({ adminUrl: postgres.adminUrl, service: 'identity', password: () => password });
  await postgres.database('bus', busMigrations);
  const { host } = new URL(postgres.adminUrl);
  await localKeyProvider(path.join(folder, 'kek.json'), { create: true });
  return {
    PORT: '0',
    VOUCHSAFE_DATABASE_URL: `postgres://${host}/identity`,
    VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR: password,
    VOUCHSAFE_DATABASE_PASSWORD_REQUEST: password,
    VOUCHSAFE_DATABASE_PASSWORD_WORKER: password,
    VOUCHSAFE_DATABASE_PASSWORD_RETENTION: password,
    VOUCHSAFE_BUS_URL: `postgres://bus_worker:${password}@${host}/bus`,
    VOUCHSAFE_KEK_FILE: path.join(folder, 'kek.json'),
    VOUCHSAFE_TOMBSTONE_FILE: path.join(folder, 'tombstones.jsonl'),
    ...serviceUrlVariables(() => 'http://127.0.0.1:1'),
    VOUCHSAFE_OPERATOR_ORGANIZATION_ID: operator,
    VOUCHSAFE_PUBLIC_URL: 'https://app.example.com/',
    VOUCHSAFE_SMTP_URL: mail.url,
    VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: keys.publicKeysFile,
    VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: keys.privateKeyFile('identity'),
  };
}

async function send(method: string, url: string, token: string, options: AskOptions): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      'vouchsafe-internal-token': token,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>,
    session: response.headers.get('vouchsafe-session')?.split(';')[0] ?? null,
  };
}

/** Requests with the tokens that the gateway makes. */
function callsAsGateway(origin: string, gateway: InternalTokens): Pick<IdentityApp, 'ask' | 'resolve'> {
  const resolve: IdentityApp['resolve'] = async (given) => {
    const token = await gateway.signAsService('identity');
    const answer = await send('POST', `${origin}/internal/sessions/resolve`, token, { body: given });
    return answer.status === 200 ? (answer.body as unknown as Authenticated) : null;
  };

  const ask: IdentityApp['ask'] = async (method, url, options = {}) => {
    const given = options.apiKey
      ? { apiKey: options.apiKey }
      : options.session
        ? { session: options.session }
        : null;
    const who = given ? await resolve(given) : anonymous;
    if (!who)
      return { status: 401, headers: new Headers(), body: { code: 'unauthenticated' }, session: null };
    const token = await gateway.sign('identity', {
      ...who,
      requestId: `request-${Math.random().toString(36).slice(2)}`,
      sourceIp: '198.51.100.7',
      userAgent: 'Test browser',
      ...options.from,
    });
    return send(method, `${origin}${url}`, token, options);
  };

  return { ask, resolve };
}

/** People who sign up and join by the emails that they get. */
function peopleOf(
  ask: IdentityApp['ask'],
  mail: Pick<Mailbox, 'take'>,
): Pick<IdentityApp, 'signUp' | 'join'> {
  const logIn = async (email: string): Promise<string> => {
    const answer = await ask('POST', '/v1/sessions', { body: { email, password: goodPassword } });
    if (!answer.session) throw new Error(`Log-in answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.session;
  };

  const address = () => `ada.${Math.random().toString(36).slice(2)}@example.com`;

  return {
    signUp: async (name = 'Example Ltd') => {
      const email = address();
      const answer = await ask('POST', '/v1/sign-up', {
        body: {
          organization: { name },
          user: { email, name: 'Ada Example', password: goodPassword },
          accept,
        },
      });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      const { organizationId, userId } = answer.body as { organizationId: string; userId: string };
      const token = tokenIn(await mail.take(email, 'Confirm'));
      const verified = await ask('POST', '/v1/sign-up/verification', { body: { token } });
      if (verified.status !== 200) throw new Error(JSON.stringify(verified.body));
      return { organizationId, userId, email, password: goodPassword, session: await logIn(email) };
    },
    join: async (owner, role) => {
      const email = address();
      const invited = await ask('POST', '/v1/invitations', { session: owner.session, body: { email, role } });
      if (invited.status !== 201) throw new Error(JSON.stringify(invited.body));
      const token = tokenIn(await mail.take(email, 'Join'));
      const joined = await ask('POST', '/v1/invitations/acceptance', {
        body: { token, name: 'Grace Example', password: goodPassword, accept },
      });
      if (joined.status !== 201) throw new Error(JSON.stringify(joined.body));
      const { organizationId, userId } = joined.body as { organizationId: string; userId: string };
      return { organizationId, userId, email, password: goodPassword, session: await logIn(email) };
    },
  };
}
