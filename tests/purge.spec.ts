/** @promise P31 from the end of an organization to the certificate of its deletion; nothing of it is left, and others lose nothing */
import { randomUUID } from 'node:crypto';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { databases } from '../tools/start/databases.ts';
import { everyRow, filesUnder, formsOf } from './system/at-rest.ts';
import { Client } from './system/client.ts';
import { runTool } from './system/command.ts';
import { emailTo } from './system/emails.ts';
import { eventually } from './system/eventually.ts';
import { exported, verify } from './system/evidence.ts';
import { moveClock, movedBy } from './system/moved-clock.ts';
import { join, logIn, makeApiKey, type Person, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const DAY_MS = 86_400_000;
const name = 'Analytical Engines';
const route = '/v1/lifecycle/termination';

let folder: string;
let system: SystemUnderTest;
let owner: Person;
let member: Person;
let neighbour: Person;
let certificatePath: string;

const start = () =>
  startForTests(
    {
      ...movedBy(folder),
      // A key that is held open puts a receipt off.
      VOUCHSAFE_KEY_CACHE_MS: '0',
    },
    { folder: data() },
  );
const data = () => path.join(folder, 'data');
/** Of the time before the end, where nobody looks for it. */
const oldBackup = () => path.join(folder, 'old-backup');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-purge-'));
  // Postgres may run as a user of its own, who must be able to pass.
  await chmod(folder, 0o711);
  await mkdir(data());
  await moveClock(folder, 0);
  system = await start();
  neighbour = await signUp(system, 'Neighbours');
  await record(neighbour);
  owner = await signUp(system, name);
  member = await join(system, owner.browser, 'member');
  await record(owner);
  await makeApiKey(system, owner.browser, ['audit:read']);
  await exported(owner.browser, []);
  await returned(owner.browser);
  await backUp();
}, 300_000);
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function record({ browser, userId }: Person): Promise<void> {
  const { client } = await makeApiKey(system, browser, ['audit:write']);
  await client.must(201, 'POST', '/v1/audit/entries', {
    body: {
      entries: [
        {
          ...{
            id: 'order-1',
            occurredAt: new Date().toISOString(),
            operation: 'order.create',
            outcome: 'success',
          },
          ...{
            actor: { type: 'user', id: userId },
            entity: { type: 'order', id: '1' },
            sourceIp: '203.0.113.7',
          },
        },
      ],
    },
  });
}

/** By the record it is removed, and somebody has kept it. */
async function backUp(): Promise<void> {
  const place = path.join(folder, 'backup');
  const { code, output } = await runTool('backup/backup.ts', ['--to', place, '--data', data()]);
  if (code !== 0) throw new Error(output);
  await rename(place, oldBackup());
  const records = path.join(data(), 'tombstones', 'backups.jsonl');
  const last = (await readFile(records, 'utf8')).trimEnd().split('\n').at(-1) ?? '';
  const { backupId } = JSON.parse(last) as { backupId: string };
  await appendFile(records, `${JSON.stringify({ backupId, removedAt: new Date().toISOString() })}\n`);
}

/** An archive of all its data (P30), which must not outlive it. */
async function returned(browser: Client): Promise<void> {
  const route = '/v1/lifecycle/returns';
  const { returnId } = (await browser.must(201, 'POST', route, { body: {} })) as { returnId: string };
  await eventually('The archive', async () => {
    const { status } = (await browser.must(200, 'GET', `${route}/${returnId}`)) as { status: string };
    return status === 'ready' || undefined;
  });
}

/** Random ids alone: tombstones, the purge's own events and entries in the operator's name, counts of late facts, hashes of the log. */
const kept =
  /^(\w+\.public\.(vault_erased_organization|vault_erased_key|late_fact|erasure|event_\w*|event|outgoing\w*)|audit\.public\.(entry\w*|disclosure\w*|log|tile\w*|checkpoint\w*|signing_key|submission\w*)|bus\..*)$/;

async function expectNothingLeft(): Promise<void> {
  const ids = [owner.organizationId, owner.userId, member.userId];
  const marks = [...ids, owner.email, member.email, owner.name, name];
  const rows = await everyRow(system, databases);
  // What is looked for is found where it is.
  expect(rows.some(({ text }) => text.includes(neighbour.organizationId))).toBe(true);
  const found = rows.flatMap(({ table, text }) =>
    marks.filter((mark) => formsOf(mark).some((form) => text.includes(form))).map((mark) => [table, mark]),
  );
  // The bus is on the clock of the database, which does not move: what it has is gone after seven days. People are encrypted there.
  const allowed = (table: string, mark: string) =>
    table.startsWith('bus.') ? [...ids, name].includes(mark) : ids.includes(mark) && kept.test(table);
  expect(found.filter(([table = '', mark = '']) => !allowed(table, mark))).toEqual([]);
}

interface Shown {
  readonly status: string;
  readonly certificate?: string;
  readonly [name: string]: string | undefined;
}

/** As anyone sees it who has the address. */
const certificate = async () => (await new Client(system.url).must(200, 'GET', certificatePath)) as Shown;

function reached(status: string): Promise<Shown> {
  return eventually(
    `The status ${status}`,
    async () => {
      const answer = await new Client(system.url).send('GET', certificatePath);
      // A token of a process whose clock has moved already does not count for one whose clock has not.
      if (answer.status === 401) return undefined;
      const shown = answer.json() as Shown;
      return shown.status === status ? shown : undefined;
    },
    120_000,
  );
}

describe('the deletion of an organization', () => {
  it('is announced with an address that shows how far it is, without an account', async () => {
    await owner.browser.must(201, 'POST', route, { body: { organizationName: name } });
    const { text } = await emailTo(system.mailFolder, owner.email, `${name} is inactive`);
    const [address] = /\/v1\/lifecycle\/certificates\/[0-9a-f-]{36}/.exec(text) ?? [];
    certificatePath = address ?? '';
    expect(await certificate()).toMatchObject({ status: 'inactive' });
  });

  it('does not begin before day 120', async () => {
    await moveClock(folder, 119.9 * DAY_MS);
    await emailTo(system.mailFolder, owner.email, `The data of ${name} will be deleted`);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await certificate()).toMatchObject({ status: 'inactive' });
    // The owner still has access.
    await (await logIn(system, owner)).must(200, 'GET', route);
  });

  it('leaves production empty', async () => {
    await moveClock(folder, 120.1 * DAY_MS);
    await reached('purging');
    await eventually('Every receipt', async () => {
      const receipts = await system.rows(
        'lifecycle',
        `select from event where type = 'purge-receipt-received'`,
      );
      return receipts.length === serviceNames.length ? true : undefined;
    });
    // The bus keeps messages for seven days.
    await moveClock(folder, 126 * DAY_MS);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await certificate()).toMatchObject({ status: 'purging' });
    await moveClock(folder, 128 * DAY_MS);
    const { erasedAt, endedAt } = await reached('production-erased');
    const days = (Date.parse(erasedAt ?? '') - Date.parse(endedAt ?? '')) / DAY_MS;
    expect(days).toBeGreaterThan(127);
    expect(days).toBeLessThan(129);
    const tried = await new Client(system.url).send('POST', '/v1/sessions', {
      body: { email: owner.email, password: owner.password },
    });
    expect(tried.status).toBe(401);
  }, 180_000);

  it(
    'leaves nothing of it in any table, but what the certificate names as kept',
    () => expectNothingLeft(),
    120_000,
  );

  it('leaves no email and no export of it', async () => {
    const files = await filesUnder(
      system.folder,
      (one) => !['postgres', 'secrets', 'tombstones', 'logs'].includes(one),
    );
    expect(files.filter((file) => file.includes(owner.organizationId))).toEqual([]);
  });

  it('takes nothing from anybody else', async () => {
    const browser = await logIn(system, neighbour);
    await browser.must(200, 'GET', '/v1/organization');
    const { entries } = (await browser.must(200, 'GET', '/v1/audit/entries', {
      query: { operation: 'order.create' },
    })) as { entries: object[] };
    expect(entries).toHaveLength(1);
    // The lanes that both shared go on: what happens now is recorded.
    await record({ ...neighbour, browser });
    await eventually('The entry', async () => {
      const { entries: now } = (await browser.must(200, 'GET', '/v1/audit/entries', {
        query: { operation: 'identity.api-key-created', limit: '10' },
      })) as { entries: object[] };
      return now.length >= 2 ? true : undefined;
    });
  });

  it('is certified when the backups have expired, and the certificate holds offline', async () => {
    const records = path.join(system.folder, 'tombstones', 'backups.jsonl');
    const place = path.join(folder, 'made-later');
    const backupId = randomUUID();
    const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    await mkdir(place);
    // As `npm run backup` writes it, on the clock that the services have.
    await appendFile(records, `${JSON.stringify({ backupId, startedAt: day(100), place })}\n`);
    await moveClock(folder, 136 * DAY_MS);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await certificate()).toMatchObject({ status: 'production-erased' });
    // It is said to be removed, and can be seen all the same.
    await appendFile(records, `${JSON.stringify({ backupId, removedAt: day(136) })}\n`);
    await moveClock(folder, 136.1 * DAY_MS);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await certificate()).toMatchObject({ status: 'production-erased' });
    await rm(place, { recursive: true });
    await moveClock(folder, 136.2 * DAY_MS);
    const { certificate: note = '' } = await reached('certified');
    const { keys } = (await new Client(system.url).must(200, 'GET', '/v1/lifecycle/certificate-keys')) as {
      keys: { vkey: string }[];
    };
    const logKeys = await system.rows<{ vkey: string }>(
      'audit',
      'select vkey from signing_key where log_id is not null',
    );
    const given = [...keys, ...logKeys].map(({ vkey }) => vkey).join('\n');
    const verdict = await verify(folder, Buffer.from(note), given);
    expect(verdict).toMatch(/^0: .* HOLDS, against the keys that you gave/);
    expect(verdict).toContain(`${serviceNames.length} services deleted`);
    expect(verdict).toContain('The last backup that held data was removed on');
    expect(verdict).toContain('Every backup was recorded from');
    expect(verdict).toContain('Every deadline was met.');
    const tampered = note.replace('"exceptions":[]', '"exceptions":["backups-late"]');
    expect(await verify(folder, Buffer.from(tampered), given)).toMatch(/^1: .* DOES NOT HOLD/);
  }, 180_000);

  it('leaves new consumers and services running: no dead letter, nothing unhealthy', async () => {
    for (const service of serviceNames) {
      const letters = await system.rows(service, 'select type from dead_letter');
      expect([service, letters]).toEqual([service, []]);
    }
  });
});

const RECEIPT_OF_UNKNOWN_PURGE = 'A receipt of a purge of which a restored database has no record';

describe('a restore of a backup from before the deletion', () => {
  beforeAll(async () => {
    await system.stop();
    const args = ['--from', oldBackup(), '--data', data(), '--replace'];
    const { code, output } = await runTool('backup/restore.ts', args);
    if (code !== 0) throw new Error(output);
    system = await start();
  }, 180_000);

  it('deletes it again before anything is served', async () => {
    const credentials = { email: owner.email, password: owner.password };
    const tried = await new Client(system.url).send('POST', '/v1/sessions', { body: credentials });
    expect(tried.status).toBe(401);
    // Its receipts reach lifecycle, whose record of the purge is older than the purge.
    await eventually('The receipts', () => {
      const log = path.join(system.logsFolder, 'lifecycle.log');
      return readFile(log, 'utf8').then(
        (text) => text.split(RECEIPT_OF_UNKNOWN_PURGE).length > serviceNames.length || undefined,
      );
    });
    await expectNothingLeft();
    // The restored database has no record of the purge: what was given out is the record.
    expect((await new Client(system.url).send('GET', certificatePath)).status).toBe(404);
  }, 120_000);

  it('brings back what belongs to others', async () => {
    const browser = await logIn(system, neighbour);
    const { entries } = (await browser.must(200, 'GET', '/v1/audit/entries', {
      query: { operation: 'order.create' },
    })) as { entries: object[] };
    expect(entries).toHaveLength(1);
  });
});
