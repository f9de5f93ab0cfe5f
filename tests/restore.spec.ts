/** @promise P10 a backup from before an erasure does not bring the person back */
import { existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { appendFile, cp, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { addLocalKek, deleteLocalKek, localKeks } from '@vouchsafe/vault';
import { placeOf } from '../tools/start/postgres.ts';
import { Client, freshKey } from './system/client.ts';
import { type Ran, runTool } from './system/command.ts';
import { eventually } from './system/eventually.ts';
import { exported, publicKeys, verify } from './system/evidence.ts';
import { join, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

/** P10: an erasure reaches backups, too, for everyone who restores by our command. */
let folder: string;
let backup: string;
let system: SystemUnderTest;
let owner: Person;
let ada: Person;
let late: Person;
let restored: Ran;
let taken: Ran;
let withoutTombstones: Ran;
let withoutItsKeys: Ran;
let databaseBefore: string;
let databaseAfter: string;
let notStarted: string;
/** Transit keys that the backup holds: the gateway’s and identity’s. */
let keysBackedUp: readonly string[];
/** What an auditor was given after the backup was taken. */
let given: Checkpoint & { readonly logId: string };

const start = () => startForTests({ VOUCHSAFE_KEY_CACHE_MS: '0' }, { folder });
const erasureOf = ({ userId }: Person) =>
  owner.browser.must(200, 'GET', `/v1/members/${userId}/erasure`) as Promise<{ status: string }>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-restored-'));
  backup = await mkdtemp(path.join(tmpdir(), 'vouchsafe-backup-'));
  system = await start();
  owner = await signUp(system);
  ada = await join(system, owner.browser, 'member');
  await eventually('What Ada did', async () => ((await entriesOf(ada)).length > 1 ? true : undefined));
  keysBackedUp = await transitKeys();
  // While people work on it.
  taken = await runTool('backup/backup.ts', ['--to', backup, '--data', folder]);
  if (taken.code !== 0) throw new Error(taken.output);
  late = await join(system, owner.browser, 'member');
  const { logId, index } = await eventually('What the late one did', async () => (await entriesOf(late))[0]);
  // An entry is found before a checkpoint covers it.
  given = await eventually('A checkpoint of what the backup does not hold', async () => {
    const checkpoint = { logId, ...(await checkpointOf(logId)) };
    return checkpoint.size > index ? checkpoint : undefined;
  });
  await owner.browser.must(202, 'POST', `/v1/members/${ada.userId}/erasure`, { headers: freshKey() });
  await eventually('The erasure', async () =>
    (await erasureOf(ada)).status === 'erased' ? true : undefined,
  );
  await system.stop();

  await rename(path.join(folder, 'tombstones'), path.join(folder, 'aside'));
  withoutTombstones = await runTool('backup/restore.ts', ['--from', backup, '--data', folder, '--replace']);
  await rename(path.join(folder, 'aside'), path.join(folder, 'tombstones'));
  // As `retire-keks` leaves the secrets for a backup from before the rotation.
  const secrets = path.join(folder, 'secrets');
  const kept = `${secrets}.kept`;
  await cp(secrets, kept, { recursive: true });
  const kek = path.join(secrets, 'audit.kek');
  const old = (await localKeks(kek)).at(0) ?? '';
  await addLocalKek(kek);
  await deleteLocalKek(kek, old);
  databaseBefore = await databaseFiles();
  withoutItsKeys = await runTool('backup/restore.ts', ['--from', backup, '--data', folder, '--replace']);
  databaseAfter = await databaseFiles();
  notStarted = await start().then(
    async (running) => {
      await running.stop();
      return 'ready';
    },
    (error: unknown) => String(error),
  );
  await rm(secrets, { recursive: true });
  await rename(kept, secrets);
  restored = await runTool('backup/restore.ts', ['--from', backup, '--data', folder, '--replace']);
  if (restored.code !== 0) throw new Error(restored.output);
  system = await start();
  owner = { ...owner, browser: await again(owner.browser) };
}, 300_000);
afterAll(async () => {
  await system.stop();
  for (const one of [folder, backup]) await rm(one, { recursive: true, force: true });
}, 60_000);

describe('a backup from before an erasure', () => {
  it('is taken while the system runs, without its secrets and without its tombstones', () => {
    expect(existsSync(path.join(backup, 'postgres/backup_label'))).toBe(true);
    expect(existsSync(path.join(backup, 'secrets'))).toBe(false);
    expect(existsSync(path.join(backup, 'tombstones'))).toBe(false);
    for (const apart of ['secrets', 'tombstones'])
      expect(taken.output).toMatch(
        new RegExp(`Not in it: [^]*${path.join(folder, apart)} \\(|and ${path.join(folder, apart)}\n`),
      );
  });

  it('is not restored where nobody knows who was erased since', () => {
    expect(withoutTombstones.code).toBe(1);
    expect(withoutTombstones.output).toContain('people who were erased after the backup would reappear');
  });

  it('is not restored where its keys do not open any more: the database that is there stays', () => {
    expect(withoutItsKeys.code).toBe(1);
    expect(withoutItsKeys.output).toMatch(/The backup cannot be opened with .*holds no KEK kek-/);
    expect(withoutItsKeys.output).toContain('Nothing was changed');
    expect(databaseAfter).toBe(databaseBefore);
    expect(existsSync(`${placeOf(folder)}.restored`)).toBe(false);
  });

  it('lets no service say that it is ready whose keys do not open', () => {
    expect(notStarted).toContain('The audit service ended (exit code 1)');
    expect(notStarted.split('\n').at(-1)).toMatch(
      /^ *\| audit: The KEK file holds no KEK kek-.* does not belong to this database$/,
    );
  });

  it('is restored with the erasure carried out again, before anything serves', () => {
    expect(restored.output).toMatch(/1 people stay erased \([1-9]\d* keys destroyed again\)/);
  });

  it('brings back no transit key: what lies on a bus or in its backup about the person stays closed', async () => {
    // Audit has told the bus nothing of this organization.
    expect(keysBackedUp).toHaveLength(2);
    const now = await transitKeys();
    expect(keysBackedUp.filter((id) => now.includes(id))).toEqual([]);
  });

  it('brings back what it held, and nothing younger', async () => {
    expect(await owner.browser.must(200, 'GET', '/v1/me')).toMatchObject({
      user: { email: owner.email },
    });
    const members = await memberIds();
    expect(members).toContain(owner.userId);
    expect(members).not.toContain(late.userId);
  });

  it('signs no other tree of a size that was given out: the log is closed at its cut, and has a successor', async () => {
    const [old, successor] = await eventually('A successor', async () => {
      const both = await logs();
      return both.length > 1 ? both : undefined;
    });
    expect(old).toMatchObject({ logId: given.logId, closedAt: expect.any(String) });
    expect(successor).toMatchObject({ closedAt: null });
    // Work goes on, past the size that the auditor holds.
    await eventually('Entries of the successor', async () => {
      await owner.browser.must(200, 'GET', '/v1/members');
      const [, now] = await logs();
      return (now?.size ?? 0) > given.size ? true : undefined;
    });
    const closing = await checkpointOf(given.logId);
    expect(closing.size).toBeLessThan(given.size);
    expect(closing.size).toBe(old?.size);
    const first = await owner.browser.must(200, 'GET', `/v1/audit/entries/${successor?.logId ?? ''}/0`);
    expect(first).toMatchObject({
      entry: {
        operation: 'audit-log.succeed',
        entity: { type: 'audit-log', id: given.logId },
        details: { predecessor: old?.origin, size: closing.size, root: closing.root },
      },
    });
  }, 120_000);

  it('proves what stands in both logs in one bundle', async () => {
    const { bundle } = await exported(owner.browser, []);
    expect(await verify(folder, bundle, await publicKeys(owner.browser))).toMatch(/^0: /);
  }, 120_000);

  it('does not bring the person back', async () => {
    expect(await memberIds()).not.toContain(ada.userId);
    const browser = new Client(system.url);
    const { email, password } = ada;
    expect((await browser.send('POST', '/v1/sessions', { body: { email, password } })).status).toBe(401);
    const entries = await entriesOf(ada);
    expect(entries.length).toBeGreaterThan(1);
    for (const entry of entries) expect(entry).toMatchObject({ sourceIp: null, url: null });
  });

  it('knows of the erasure again, with a receipt of every service', async () => {
    expect(
      await eventually('The erasure', async () => {
        const now = await erasureOf(ada);
        return now.status === 'erased' ? now : undefined;
      }),
    ).toMatchObject({ status: 'erased', waitingFor: [] });
  });
});

/** What lies in the place of the database: changes with every write to it. */
async function databaseFiles(): Promise<string> {
  const { ino } = await stat(placeOf(folder));
  return `${ino} ${await readFile(path.join(placeOf(folder), 'global/pg_control'), 'base64')}`;
}

/** The same browser, at the port of the system that was started anew. */
async function again(browser: Client): Promise<Client> {
  const moved = new Client(system.url);
  moved.cookie = browser.cookie;
  await moved.must(200, 'GET', '/v1/me');
  return moved;
}

/** Of the person's organization, in every service. */
async function transitKeys(): Promise<string[]> {
  const ids = [];
  for (const database of serviceNames) {
    const rows = await system.rows<{ id: string }>(
      database,
      'select id from vault_transit_key where organization_id = $1',
      [owner.organizationId],
    );
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}

interface Log {
  readonly logId: string;
  readonly origin: string;
  readonly size: number;
  readonly closedAt: string | null;
}

async function logs(): Promise<readonly Log[]> {
  return ((await owner.browser.must(200, 'GET', '/v1/audit/logs')) as { logs: Log[] }).logs;
}

interface Checkpoint {
  readonly size: number;
  readonly root: string;
}

/** Of a signed note the second line is the size, the third the root (c2sp.org/tlog-checkpoint). */
async function checkpointOf(logId: string): Promise<Checkpoint> {
  const { text } = await owner.browser.send('GET', `/v1/audit/logs/${logId}/checkpoint`);
  const [, size = '', root = ''] = text.split('\n');
  return { size: Number(size), root };
}

async function memberIds(): Promise<string[]> {
  const { items } = (await owner.browser.must(200, 'GET', '/v1/members')) as { items: { userId: string }[] };
  return items.map(({ userId }) => userId);
}

interface Entry {
  readonly logId: string;
  readonly index: number;
}

async function entriesOf({ userId }: Person): Promise<readonly Entry[]> {
  const query = { actor: userId, limit: '1000' };
  const { entries } = (await owner.browser.must(200, 'GET', '/v1/audit/entries', { query })) as {
    entries: Entry[];
  };
  return entries;
}

describe('the backups of an installation (P31)', () => {
  const records = () => path.join(folder, 'tombstones', 'backups.jsonl');
  const agedBackup = async (days: number): Promise<string> => {
    const place = await mkdtemp(path.join(backup, `${days}-days-`));
    const startedAt = new Date(Date.now() - days * 86_400_000).toISOString();
    await appendFile(records(), `${JSON.stringify({ backupId: randomUUID(), startedAt, place })}\n`);
    return place;
  };
  const expire = (keptDays: string) =>
    runTool('backup/backup.ts', ['expire', '--data', folder], { VOUCHSAFE_BACKUPS_KEPT_DAYS: keptDays });

  it('are recorded as they are made', async () => {
    const [first, ...recorded] = (await readFile(records(), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { place: string; startedAt: string; recordsFrom: string });
    expect(recorded.map(({ place }) => place)).toEqual([backup]);
    expect(Date.parse(first?.recordsFrom ?? '')).toBeLessThan(Date.parse(recorded[0]?.startedAt ?? ''));
  });

  it('are deleted when they are no longer needed, and what is deleted is recorded', async () => {
    const [oldest, older, needed] = [await agedBackup(100), await agedBackup(60), await agedBackup(40)];
    const refused = await expire('-1');
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('a whole number of days')]);
    expect([oldest, older, needed].map(existsSync)).toEqual([true, true, true]);
    const { code, output } = await expire('30');
    expect([code, output]).toEqual([0, expect.stringContaining(`Deleted the backup in ${oldest}.`)]);
    expect([oldest, older, needed].map(existsSync)).toEqual([false, false, true]);
    expect((await readFile(records(), 'utf8')).match(/removedAt/g)).toHaveLength(2);
    expect((await expire('30')).output).toContain('No backup is due for deletion.');
  }, 60_000);
});
