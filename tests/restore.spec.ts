import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, freshKey } from './system/client.ts';
import { type Ran, runTool } from './system/command.ts';
import { eventually } from './system/eventually.ts';
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
let withoutTombstones: Ran;

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
  // While people work on it.
  const taken = await runTool('backup/backup.ts', ['--to', backup, '--data', folder]);
  if (taken.code !== 0) throw new Error(taken.output);
  late = await join(system, owner.browser, 'member');
  await owner.browser.must(202, 'POST', `/v1/members/${ada.userId}/erasure`, { headers: freshKey() });
  await eventually('The erasure', async () =>
    (await erasureOf(ada)).status === 'erased' ? true : undefined,
  );
  await system.stop();

  await rename(path.join(folder, 'tombstones'), path.join(folder, 'aside'));
  withoutTombstones = await runTool('backup/restore.ts', ['--from', backup, '--data', folder, '--replace']);
  await rename(path.join(folder, 'aside'), path.join(folder, 'tombstones'));
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
  });

  it('is not restored where nobody knows who was erased since', () => {
    expect(withoutTombstones.code).toBe(1);
    expect(withoutTombstones.output).toContain('whoever was erased since the backup would be back');
  });

  it('is restored with the erasure carried out again, before anything serves', () => {
    expect(restored.output).toMatch(/1 people stay erased \([1-9]\d* keys destroyed again\)/);
  });

  it('brings back what it held, and nothing younger', async () => {
    expect(await owner.browser.must(200, 'GET', '/v1/me')).toMatchObject({
      user: { email: owner.email },
    });
    const members = await memberIds();
    expect(members).toContain(owner.userId);
    expect(members).not.toContain(late.userId);
  });

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

/** The same browser, at the port of the system that was started anew. */
async function again(browser: Client): Promise<Client> {
  const moved = new Client(system.url);
  moved.cookie = browser.cookie;
  await moved.must(200, 'GET', '/v1/me');
  return moved;
}

async function memberIds(): Promise<string[]> {
  const { items } = (await owner.browser.must(200, 'GET', '/v1/members')) as { items: { userId: string }[] };
  return items.map(({ userId }) => userId);
}

async function entriesOf({ userId }: Person): Promise<object[]> {
  const query = { actor: userId, limit: '1000' };
  return ((await owner.browser.must(200, 'GET', '/v1/audit/entries', { query })) as { entries: object[] })
    .entries;
}
