import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditFacts, type Contract, contractsOf, identityFacts, serviceNames } from '@vouchsafe/contracts';
import { organizationId as anOrganizationId, userId as aUserId } from '@vouchsafe/event-sourcing';
import { isThere, EventStore, type LaneMessage, readLane } from '@vouchsafe/event-store';
import { Clock, publishSettled, tellSealed } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { dataRequestNoticesAggregate } from './data-request/data-request-notices.aggregate.js';
import type { DataRequestNoticesEvent } from './data-request/data-request-notices.events.js';
import { erasureAggregate } from './erasure/erasure.aggregate.js';
import { identityPublishing } from './identity.publishing.js';
import { terminationNoticesAggregate } from './termination/termination-notices.aggregate.js';
import { enrol, logInWithCode } from './testing/enrol.js';
import { identityApp, type IdentityApp, type Person } from './testing/identity-app.js';
import { unusedAccountAggregate } from './unused-account/unused-account.aggregate.js';
import type { UnusedAccountCommand } from './unused-account/unused-account.decider.js';

/** What every service gives by the port alone; tests/purge and tests/holds see them of each. */
const ofThePort: readonly Contract[] = [identityFacts.organizationErased, identityFacts.holdConfirmed];

describe('what identity tells the other services', () => {
  let app: IdentityApp;
  let ada: Person;
  let facts: LaneMessage[];
  beforeAll(async () => {
    app = await identityApp({ VOUCHSAFE_KEY_CACHE_MS: '0' });
    ada = await everythingHappens(app);
    facts = await published(app);
  });
  afterAll(() => app.stop());

  it('is every fact that it has a contract for, each fitting its schema', () => {
    const contracts = contractsOf('identity').filter((fact) => !ofThePort.includes(fact));
    const told = new Set(facts.map(({ publication }) => publication.contract.type));
    expect([...told].sort()).toEqual(contracts.map(({ type }) => type).sort());
    for (const { publication } of facts) {
      expect(publication.contract.schema.safeParse(publication.data)).toMatchObject({ success: true });
    }
  });

  it('has the organization as its key, and who did it and under which request in it (P23)', () => {
    const joined = facts.find(({ publication }) => publication.contract === identityFacts.loggedIn);
    expect(joined?.key).toBe(ada.organizationId);
    expect(joined?.publication.data).toMatchObject({
      organizationId: ada.organizationId,
      userId: ada.userId,
      actor: { type: 'user', id: ada.userId },
      requestId: expect.stringMatching(/^request-/),
      sourceIp: '198.51.100.7',
    });
  });

  it('comes from events of which each one is published, or private on purpose (ARCHITECTURE.md, rule 5)', () => {
    const types = identityPublishing.flatMap(({ catalog }) => Object.entries(catalog.definitions));
    const kept = types.filter(([, { visibility }]) => visibility === 'private').map(([type]) => type);
    expect(kept).toEqual(['erasure-receipt-received', 'later-erasure-receipt-received']);
  });
});

/** One organization in which everything happens that identity has a fact for. */
async function everythingHappens(app: IdentityApp): Promise<Person> {
  const ada = await app.signUp();
  await app.ask('PATCH', '/v1/organization', {
    session: ada.session,
    body: { name: 'Renamed', requireSecondFactor: true },
  });
  const enrolled = await enrol(app, ada);
  await app.ask('PATCH', '/v1/organization', { session: ada.session, body: { requireSecondFactor: false } });
  await app.ask('PATCH', '/v1/me', { session: ada.session, body: { name: 'Ada' } });
  const grace = await app.join(ada, 'member');
  await app.ask('PATCH', `/v1/members/${grace.userId}`, { session: ada.session, body: { role: 'auditor' } });
  await app.ask('DELETE', `/v1/members/${grace.userId}`, { session: ada.session });
  await erasePerson(app, ada, grace);
  await settle(app, ada);
  await seal(app, ada);
  await tellOwners(app, ada);
  await answerRequest(app, ada);
  await retireUnused(app, ada);
  const invited = await app.ask('POST', '/v1/invitations', {
    session: ada.session,
    body: { email: 'never@example.com', role: 'member' },
  });
  await app.ask('DELETE', `/v1/invitations/${String(invited.body.invitationId)}`, { session: ada.session });
  const key = await app.ask('POST', '/v1/api-keys', {
    session: ada.session,
    body: { name: 'x', scopes: ['audit:read'] },
  });
  await app.ask('DELETE', `/v1/api-keys/${String(key.body.apiKeyId)}`, { session: ada.session });
  await app.ask('POST', '/v1/sessions', { body: { email: ada.email, password: 'wrong wrong wrong' } });
  await logInWithCode(app, enrolled);
  const { body } = await app.ask('POST', '/v1/sessions', {
    body: { email: ada.email, password: ada.password },
  });
  await app.ask('POST', `/v1/sessions/challenges/${String(body.challengeId)}`, {
    body: { recoveryCode: enrolled.recoveryCodes[0] },
  });
  await app.ask('PUT', '/v1/me/password', {
    session: ada.session,
    body: { currentPassword: ada.password, newPassword: 'another ladder, another lamp' },
  });
  await app.ask('DELETE', `/v1/me/authenticators/${enrolled.authenticatorId}`, { session: ada.session });
  return ada;
}

/** A former member is erased; the receipts of the services that do not run here are noted as their facts would be. */
async function erasePerson(app: IdentityApp, owner: Person, person: Person): Promise<void> {
  const url = `/v1/members/${person.userId}/erasure`;
  const { body } = await app.ask('POST', url, { session: owner.session });
  const store = app.get(EventStore);
  const at = app.get(Clock).now();
  for (const service of serviceNames.filter((name) => name !== 'identity')) {
    const envelope = { actor: { type: 'service', id: service }, occurredAt: at, requestId: null } as const;
    await store.transact(owner.organizationId, envelope, (unit) =>
      unit.execute(erasureAggregate, person.userId, {
        type: 'note-receipt',
        erasureId: String(body.erasureId),
        receipt: {
          service,
          keysDestroyed: 1,
          destroyedAt: at.toISOString(),
          effectiveFrom: at.toISOString(),
          retained: [],
        },
      }),
    );
  }
  for (let waited = 0; waited < 20_000; waited += 100) {
    const { body: now } = await app.ask('GET', url, { session: owner.session });
    if (now.status === 'erased') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The service gave itself no receipt');
}

/** An operator replays a fact that identity had dead-lettered. */
async function settle(app: IdentityApp, of: Person): Promise<void> {
  const at = app.get(Clock).now();
  const message = {
    ...{ id: 1n, organizationId: of.organizationId, source: 'audit', lane: 1, number: 1n },
    ...{ messageId: 'audit/1/1', type: auditFacts.subjectErased.type, attempts: 5, error: null },
    ...{ time: at, deadLetteredAt: at },
  };
  await app.database.asWorker((transaction) =>
    publishSettled(app.get(EventStore))(transaction, message, 'replayed', {
      by: 'grace',
      reason: 'mended',
      at,
    }),
  );
}

/** The owners of an organization that has ended got an email (P31). */
async function tellOwners(app: IdentityApp, { organizationId }: Person): Promise<void> {
  const at = app.get(Clock).now();
  const envelope = { actor: { type: 'service', id: 'identity' }, occurredAt: at, requestId: null } as const;
  await app.get(EventStore).transact(organizationId, envelope, (unit) =>
    unit.execute(terminationNoticesAggregate, organizationId, {
      organizationId: anOrganizationId.parse(organizationId),
      ...{ epoch: 1, notice: 'ended', sentAt: at.toISOString() },
    }),
  );
}

/** Whoever sent a request got an email, and its erasure could not begin (P10). */
async function answerRequest(app: IdentityApp, of: Person): Promise<void> {
  const at = app.get(Clock).now();
  const envelope = { actor: { type: 'service', id: 'lifecycle' }, occurredAt: at, requestId: null } as const;
  const organizationId = anOrganizationId.parse(of.organizationId);
  const dataRequestId = randomUUID();
  const about = { organizationId, dataRequestId };
  const done: readonly DataRequestNoticesEvent[] = [
    { type: 'data-request-notice-sent', data: { ...about, notice: 'received', sentAt: at.toISOString() } },
    {
      type: 'subject-erasure-refused',
      data: { ...about, userId: aUserId.parse(of.userId), erasureId: randomUUID(), reason: 'last-owner' },
    },
  ];
  for (const command of done)
    await app
      .get(EventStore)
      .transact(of.organizationId, envelope, (unit) =>
        unit.execute(dataRequestNoticesAggregate, dataRequestId, command),
      );
}

/** Nobody uses an account, and nobody who is warned comes back (P03). */
async function retireUnused(app: IdentityApp, of: Person): Promise<void> {
  const at = app.get(Clock).now();
  const envelope = { actor: { type: 'service', id: 'identity' }, occurredAt: at, requestId: null } as const;
  const organizationId = anOrganizationId.parse(of.organizationId);
  const userId = aUserId.parse(randomUUID());
  const which = { organizationId, userId, lastUsedOn: '2026-01-31' };
  const warned = { type: 'note-warning', ...which, anonymizedFrom: '2027-01-31' } as const;
  const commands: readonly UnusedAccountCommand[] = [
    { ...warned, warning: 'first' },
    { ...warned, warning: 'second' },
    { type: 'begin-erasure', ...which, erasureId: randomUUID(), on: '2027-01-31', isMember: true },
  ];
  for (const command of commands)
    await app
      .get(EventStore)
      .transact(of.organizationId, envelope, (unit) => unit.execute(unusedAccountAggregate, userId, command));
}

/** A retention run has sealed something of the organization's. */
async function seal(app: IdentityApp, of: Person): Promise<void> {
  const { database } = app;
  const [event] = await database.asWorker((sql) =>
    sql.query<{ stream: string; version: number; payload: object }>(
      'select stream, version, payload from event where organization_id = $1 limit 1',
      [of.organizationId],
    ),
  );
  await database.asRetention((sql) =>
    sql.query('select lookup.seal_marked($1, array[$2], array[$3::int], array[$4::jsonb])', [
      randomUUID(),
      event?.stream,
      event?.version,
      JSON.stringify(event?.payload),
    ]),
  );
  expect(await tellSealed({ database, store: app.get(EventStore) }, app.get(Clock).now())).toBe(1);
}

/** What the running relay has numbered, once it has caught up. */
async function published(app: IdentityApp): Promise<LaneMessage[]> {
  const [database, vault] = [app.database, app.get(Vault)];
  const counts = () =>
    database.asWorker(async (sql) => {
      const [row] = await sql.query<{ events: string; numbered: string; sent: string }>(
        `select (select count(*) from event where type not like '%erasure-receipt-received') as events, sum(last_number) as numbered, sum(acknowledged) as sent from lane`,
      );
      return row;
    });
  for (let waited = 0; waited < 15_000; waited += 50) {
    const row = await counts();
    if (row && row.events === row.numbered && row.numbered === row.sent) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const lanes = await Promise.all(
    Array.from({ length: 64 }, (_, lane) =>
      readLane({ database, vault, publishing: identityPublishing }, lane, 1n, 1000),
    ),
  );
  return lanes.flat().filter((fact) => isThere(fact));
}
