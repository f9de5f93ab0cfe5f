/** @promise P31 of an organization that is erased nothing is left in identity; another stays as it was */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATA_STORES, type DataStore, withoutAsking } from '@vouchsafe/service-host';
import { eraseOrganization, interruptEachStep, placesOf } from '@vouchsafe/testing';
import { enrol } from '../testing/enrol.js';
import {
  goodPassword,
  identityApp,
  type IdentityApp,
  operator,
  type Person,
} from '../testing/identity-app.js';

let folder: string;
let app: IdentityApp;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-mail-'));
  app = await identityApp({}, folder);
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true });
});

const stores = () => app.get<readonly DataStore[]>(DATA_STORES as never);
const invited = 'invited@example.com';

/** An organization with rows of every kind, and emails sent, waiting and forgotten. */
async function planted(): Promise<{ owner: Person; member: Person }> {
  const owner = await app.signUp();
  const member = await app.join(owner, 'admin');
  const session = (await enrol(app, owner)).session;
  const post = async (url: string, body: object) => {
    const { status } = await app.ask('POST', url, {
      ...{ session, body, headers: { 'idempotency-key': randomUUID() } },
    });
    expect([url, status]).toEqual([url, 201]);
  };
  await post('/v1/invitations', { email: invited, role: 'member' });
  await post('/v1/api-keys', { name: 'Import', scopes: ['members:read'], source: 'import' });
  // Half a log-in, and an email that waits for a server that is down.
  await app.ask('POST', '/v1/sessions', { body: { email: owner.email, password: goodPassword } });
  await app.ask('POST', '/v1/password-resets', { body: { email: member.email } });
  await filesWhichName(member.email, 2);
  await app.database.asWorker((sql) =>
    sql.query(
      `update email set sent_at = null, due_at = now() + interval '9 years'
       where organization_id = $1 and kind = 'reset-password'`,
      [owner.organizationId],
    ),
  );
  return { owner: { ...owner, session }, member };
}

/** Waits for so many emails in the folder. */
async function filesWhichName(address: string, atLeast = 0): Promise<string[]> {
  for (let waited = 0; ; waited += 20) {
    const names = await readdir(folder);
    const texts = await Promise.all(
      names.map((name) => readFile(path.join(folder, name), 'utf8').catch(() => '')),
    );
    const found = names.filter((_, nth) => texts[nth]?.includes(address));
    if (found.length >= atLeast) return found;
    if (waited > 15_000) throw new Error(`${found.length} emails to ${address}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const rowsOf = (organizationId: string): Promise<Record<string, number>> =>
  app.database.asRetention(async (sql) => {
    const counts: Record<string, number> = {};
    for (const table of stores().flatMap(({ places }) => places.filter((place) => !place.startsWith('V')))) {
      const [row] = await sql.query<{ rows: number }>(
        `select count(*)::int as rows from ${table} where organization_id = $1`,
        [organizationId],
      );
      counts[table] = row?.rows ?? 0;
    }
    return counts;
  });

describe('an organization that is erased (P31)', () => {
  it('is found nowhere any more, and another one stays as it was', async () => {
    const ours = await planted();
    const theirs = await planted();
    const { organizationId } = ours.owner;
    expect(Object.entries(await rowsOf(organizationId)).filter(([, rows]) => rows === 0)).toEqual([]);
    const before = await rowsOf(theirs.owner.organizationId);
    const mailBefore = await filesWhichName(theirs.member.email);

    const { receipt } = await eraseOrganization(app, operator, organizationId);

    const people = [ours.owner.userId, ours.member.userId];
    const kept = await Promise.all(
      [organizationId, ...people].map((id) => placesOf(app.postgres.adminUrl, 'identity', id)),
    );
    // The tombstones, and what the operator's log says of the deletion.
    expect([...new Set(kept.flat())].sort()).toEqual([
      'erasure.erased_organization_id',
      'erasure.organizations',
      'event.payload',
      'vault_erased_organization.organization_id',
    ]);
    for (const { email } of [ours.owner, ours.member]) expect(await filesWhichName(email)).toEqual([]);
    expect(receipt).toMatchObject({
      erasedOrganizationId: organizationId,
      stores: expect.arrayContaining([
        // Confirmed, joined, invited, and two of them told of what changed.
        { store: 'emails', found: expect.any(Number), left: 0, method: 'deleted' },
        { store: 'consents', found: 4, left: 0, method: 'deleted' },
      ]),
    });

    expect(await rowsOf(theirs.owner.organizationId)).toEqual(before);
    expect(await filesWhichName(theirs.member.email)).toEqual(mailBefore);
    expect((await app.ask('GET', '/v1/members', { session: theirs.owner.session })).status).toBe(200);
    expect(await app.resolve({ session: ours.owner.session })).toBeNull();
  }, 60_000);

  it('loses emails whose rows are gone, too, and nothing else goes from the folder', async () => {
    const { organizationId } = await app.signUp();
    const orphan = path.join(folder, `${randomUUID()}.eml`);
    await writeFile(orphan, 'To: somebody@example.com\r\n\r\n');
    await writeFile(`${orphan}.part`, 'To: somebody@example.com\r\n\r\n');
    await mkdir(path.join(folder, 'mine'));
    await writeFile(path.join(folder, 'notes.eml'), 'To: somebody@example.com\r\n\r\n');
    const [emails] = stores();
    if (!emails || !('count' in emails.organization)) throw new Error('There is no store of emails');
    expect(await emails.organization.count(organizationId)).toBe(2);
    await emails.organization.remove(organizationId, withoutAsking(app.database));
    expect(await emails.organization.count(organizationId)).toBe(0);
    expect(await filesWhichName('somebody@example.com')).toEqual(['notes.eml']);
    expect(await readdir(folder)).toContain('mine');
  });

  it('goes on wherever it was interrupted, and gives one receipt', async () => {
    const { organizationId } = (await planted()).owner;
    const interrupted = interruptEachStep(stores());
    try {
      const { receipt } = await eraseOrganization(app, operator, organizationId);
      // Each count and each removal, twice before it and twice after it.
      expect(interrupted.times()).toBe(stores().length * 8);
      const consents = { store: 'consents', found: 4, left: 0, method: 'deleted' };
      expect(receipt).toMatchObject({ stores: expect.arrayContaining([consents]) });
      expect(Object.values(await rowsOf(organizationId)).filter((rows) => rows > 0)).toEqual([]);
    } finally {
      interrupted.end();
    }
  }, 120_000);
});
