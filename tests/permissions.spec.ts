/** @promise P02 every operation, by every role and key: those that may, and no others */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Permission, permissions } from '@vouchsafe/service-host';
import { prepare, type Request, send } from './openapi.fixtures.ts';
import { makeWorld, type World } from './openapi.world.ts';
import { Client } from './system/client.ts';
import { goldenOperations, type Operation } from './system/openapi.ts';
import { enrol, join, keyScopes, logIn, makeApiKey, type Role, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

/** Least privilege (P02): what each role may do is written here a second time, so that nobody widens it unseen. */
const mayDo = {
  owner: permissionsBut('staff-grants:write', 'staff-devices:write', 'operations:write'),
  admin: permissionsBut(
    'staff-grants:write',
    'staff-devices:write',
    'operations:write',
    'organization:write',
    'billing:write',
    'stripe:read',
    'lifecycle:write',
    'returns:read',
    'returns:write',
    'holds:write',
    'records:read',
  ),
  auditor: ['organization:read', 'members:read', 'audit:read', 'audit:export', 'security:read'],
  member: ['organization:read', 'members:read', 'attachments:read', 'attachments:write'],
  billing: ['organization:read', 'billing:read', 'billing:write'],
} as const satisfies Record<Role, readonly Permission[]>;
const roles = Object.keys(mayDo) as Role[];

const operations = goldenOperations();
/** What a key may do besides what its scopes say: ask who it is. All else that is a person's needs a person. */
const openToKeys = new Set(['me.read']);

let system: SystemUnderTest;
let world: World;
let byRole: Record<Role, Client>;
/** Logged in with a password alone, in an organization that requires a second factor. */
let unenrolled: Client;
/** Each was good once, or never. */
let dead: Readonly<Record<string, Client>>;
const keys = new Map<Permission | 'none', Client>();

beforeAll(async () => {
  system = await startForTests();
  world = await makeWorld(system);
  const { owner } = world;
  const people = await Promise.all(
    roles.map(async (role) => [
      role,
      role === 'owner' ? owner.browser : (await join(system, owner.browser, role)).browser,
    ]),
  );
  byRole = Object.fromEntries(people) as Record<Role, Client>;
  // Every key lacks one scope, and holds all others that a key can.
  const needed = new Set(operations.map(({ permission }) => permission).filter(isPermission));
  for (const permission of needed) {
    const scopes = keyScopes.filter((scope) => scope !== permission);
    keys.set(permission, (await makeApiKey(system, owner.browser, scopes)).client);
  }
  keys.set('none', (await makeApiKey(system, owner.browser, keyScopes)).client);
  unenrolled = await sessionThatMustEnrol();
  dead = await deadCredentials();
}, 240_000);
afterAll(() => system.stop(), 60_000);

describe('a role', () => {
  it.each(roles)('%s holds what the table says, and nothing besides', async (role) => {
    const { permissions: held } = (await byRole[role].must(200, 'GET', '/v1/me')) as {
      permissions: Permission[];
    };
    expect([...held].sort()).toEqual([...mayDo[role]].sort());
  });
});

/** P02, P11: refused by whatever is missing, and what was refused has used nothing up. */
describe('whoever may not', () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))(
    '%s is refused',
    async (_, operation) => {
      const request = await prepare(operation, world);
      if (operation.permission !== 'public') await expectRefusals(operation, request);
      const answer = await send(operation, request);
      expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^(${operation.successes.join('|')}) `));
    },
    60_000,
  );
});

describe('what the document says of API keys', () => {
  it.each(
    operations.filter(({ permission }) => permission !== 'public').map((one) => [one.name, one] as const),
  )('is so: %s', (_, { name, permission, takesKeys }) => {
    const scopes: readonly string[] = keyScopes;
    expect(takesKeys).toBe(isPermission(permission) ? scopes.includes(permission) : openToKeys.has(name));
  });
});

async function expectRefusals(operation: Operation, request: Request): Promise<void> {
  const { permission } = operation;
  const refused = async (as: Client, who: string, ...expected: readonly string[]) => {
    const answer = await send(operation, request, as);
    const { code, detail = '' } =
      answer.status < 400 ? { code: 'none' } : (answer.json() as { code: string; detail?: string });
    expect([who, answer.status, code]).toEqual([
      who,
      expect.any(Number),
      expect.stringMatching(expected.join('|')),
    ]);
    expect(operation.problems).toContain(code);
    // The answer names the missing permission.
    if (code === 'forbidden' && isPermission(permission))
      expect([who, detail]).toEqual([who, naming(permission)]);
  };

  await refused(new Client(system.url), 'anybody', 'unauthenticated');
  for (const [what, client] of Object.entries(dead)) await refused(client, what, 'unauthenticated');
  if (permission !== 'session')
    await refused(unenrolled, 'a session that must enrol', 'second-factor-required');
  if (isPermission(permission)) {
    for (const role of roles.filter((one) => !has(one, permission)))
      await refused(byRole[role], role, 'forbidden');
    await refused(keys.get(permission) ?? missing(), `a key without ${permission}`, 'forbidden');
  } else if (!openToKeys.has(operation.name)) {
    await refused(keys.get('none') ?? missing(), 'a key', 'forbidden');
  }
}

async function sessionThatMustEnrol(): Promise<Client> {
  const strict = await enrol(await signUp(system));
  const late = await join(system, strict.browser, 'admin');
  await strict.browser.must(204, 'PATCH', '/v1/organization', { body: { requireSecondFactor: true } });
  const { outstanding } = (await late.browser.must(200, 'GET', '/v1/me')) as { outstanding: object };
  expect(outstanding).toMatchObject({ enrolSecondFactor: true });
  return late.browser;
}

async function deadCredentials(): Promise<Readonly<Record<string, Client>>> {
  const { owner } = world;
  const loggedOut = await logIn(system, owner);
  const { cookie } = loggedOut;
  const { items } = (await loggedOut.must(200, 'GET', '/v1/sessions')) as {
    items: { sessionId: string; current: boolean }[];
  };
  await loggedOut.must(
    204,
    'DELETE',
    `/v1/sessions/${items.find(({ current }) => current)?.sessionId ?? ''}`,
  );
  expect(loggedOut.cookie).toBeNull();
  loggedOut.cookie = cookie;

  const [name = '', value = ''] = (owner.browser.cookie ?? '').split(/=(.*)/);
  const madeUp = new Client(system.url);
  madeUp.cookie = `${name}=${value.slice(0, -2)}${value.endsWith('A') ? 'BB' : 'AA'}`;

  const { apiKeyId, client: revoked } = await makeApiKey(system, owner.browser, keyScopes);
  await owner.browser.must(204, 'DELETE', `/v1/api-keys/${apiKeyId}`);
  return {
    'a session that has ended': loggedOut,
    'a cookie that was changed': madeUp,
    'a key that was revoked': revoked,
    'a key that is none': new Client(system.url, `vs_${'A'.repeat(43)}`),
  };
}

/** The permission as a word of its own: `audit:read` is not named by `audit:reader`. */
function naming(permission: Permission): unknown {
  return expect.stringMatching(new RegExp(`\\b${permission}\\b`));
}

function has(role: Role, permission: Permission): boolean {
  return (mayDo[role] as readonly Permission[]).includes(permission);
}

function isPermission(permission: string): permission is Permission {
  return (permissions as readonly string[]).includes(permission);
}

function permissionsBut(...without: readonly Permission[]): readonly Permission[] {
  return permissions.filter((permission) => !without.includes(permission));
}

function missing(): never {
  throw new Error('There is no key for this permission');
}
