/** @promise P10 carries out the erasures again that a backup does not know */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceName } from '@vouchsafe/contracts';
import pg from 'pg';
import { type DataDatabase, requireData, runningPort } from '../data/data-database.ts';
import { migrationsOf } from '../data/schema.ts';
import { environmentHint, type ServiceKeys, withServiceKeys } from '../data/service-keys.ts';
import { build } from '../build/workspace.ts';
import { type DataFolder, openDataFolder } from '../start/data-folder.ts';
import { type Given, Refusal, runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';
import { copyTree, syncTree } from './base-backup.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `Usage: npm run restore -- --from BACKUP [--data data] [--replace]

Replaces the database and the files of a stopped system by a backup of this release or of an earlier one. People who were erased since
the backup stay erased: their keys are destroyed again here, from data/tombstones, and each service removes the rest before it answers
requests. Checkpoints that were published since the backup stay valid: every log is closed where the backup ends, and is continued by a
successor with its own key. The data of this folder's Kafka is removed: it may be ahead of the database.

  --from     the folder of the backup
  --data     the system's data folder   (or VOUCHSAFE_DATA)
  --replace  removes the database that is there`;
const options = {
  from: { type: 'string' },
  data: { type: 'string' },
  replace: { type: 'boolean' },
} as const;

async function main({ values: { from, data, replace } }: Given<typeof options>): Promise<void> {
  if (from === undefined) throw new UsageError('--from is needed: the folder of the backup.');
  const [backup, folder] = [
    path.resolve(from),
    path.resolve(root, data ?? process.env.VOUCHSAFE_DATA ?? 'data'),
  ];
  if (!existsSync(path.join(backup, 'WHOLE')))
    throw new Refusal(`${backup} is not a backup, or it is incomplete.`);
  requireData(folder);
  requireTombstones(folder);
  await build(root);
  if ((await runningPort(folder)) !== undefined)
    throw new Refusal(`A system is running on ${folder}. Stop it first.`);
  // No system starts on it meanwhile.
  const opened = await openDataFolder(folder, () => undefined);
  const { logs, keys, people } = await putInPlace(backup, opened, replace ?? false).finally(opened.release);
  console.log(`Restored into ${folder}. ${people} people stay erased (${keys} keys destroyed again).`);
  console.log(`${logs} logs are closed where the backup ends; each has a successor from its next entry on.`);
  if (process.env.KAFKA_BROKERS)
    console.log(
      'Empty the topics vouchsafe.* on your brokers before you start: they may be ahead of the database.',
    );
  console.log('Start it: npm start');
}

/** Without them, people who were erased since the backup would be back. */
function requireTombstones(folder: string): void {
  if (existsSync(path.join(folder, 'tombstones'))) return;
  throw new Refusal(
    `${folder}/tombstones is missing: people who were erased after the backup would reappear.\n` +
      'Restore the folder from its copy. If no one was ever erased, create an empty one.',
  );
}

interface Prepared {
  /** Logs that were closed. */
  readonly logs: number;
  /** Keys that were destroyed again, and the people whose they were. */
  readonly keys: number;
  readonly people: number;
}

async function putInPlace(backup: string, data: DataFolder, replace: boolean): Promise<Prepared> {
  const { place: placeFor } = await import('../start/postgres.ts');
  const folder = data.path;
  const { serverUser } = await import('@vouchsafe/testing');
  const place = await placeFor(folder, (line) => console.log(line));
  if (existsSync(path.join(place, 'PG_VERSION')) && !replace)
    throw new Refusal(`${place} contains a database. Move it away, or use --replace to remove it.`);
  // The copy is completed beside its place and then moved there: a restore that fails or is killed leaves the former database, and no
  // system can be started on half of one, on one that brings erased people back, or on one whose logs are open.
  const whole = `${place}.restored`;
  await rm(whole, { recursive: true, force: true });
  await copyTree(path.join(backup, 'postgres'), whole, () => true);
  const { uid, gid } = serverUser();
  if (uid !== undefined) execFileSync('chown', ['-R', `${uid}:${gid}`, whole]);
  const prepared = await prepare(data, whole).catch(async (error: unknown) => {
    await rm(whole, { recursive: true, force: true });
    throw error;
  });
  await syncTree(whole);
  for (const old of ['files', 'kafka']) await rm(path.join(folder, old), { recursive: true, force: true });
  await copyTree(path.join(backup, 'files'), path.join(folder, 'files'), () => true);
  await rm(place, { recursive: true, force: true });
  await rename(whole, place);
  return prepared;
}

/**
 * Migrates the copy, which may be of an earlier release, closes its logs, and destroys the keys of people who were erased since.
 * @throws Refusal where today's secrets do not open the backup
 */
async function prepare(data: DataFolder, whole: string): Promise<Prepared> {
  const { openSecrets } = await import('../start/secrets.ts');
  const { startServer } = await import('../start/postgres.ts');
  const { makeDatabases } = await import('../start/system.ts');
  const { freePort } = await import('@vouchsafe/testing');
  const secrets = await openSecrets(data.secrets);
  const port = await freePort();
  const postgres = await startServer(whole, data.logs, secrets.postgres, port);
  data.record('postgres', postgres);
  try {
    const known = await servicesIn({ port, secrets });
    await makeDatabases(secrets, postgres.adminUrl, port);
    const work = async (services: readonly ServiceKeys[]): Promise<Prepared> => {
      for (const { name, database, vault } of services) {
        await database.migrate(await migrationsOf(root, name));
        await database.asWorker((sql) => vault.assertKeksOpen(sql));
      }
      return { logs: await closeLogs({ port, secrets }), ...(await eraseAgain(data, services)) };
    };
    return await withServiceKeys({ port, secrets }, work, known);
  } catch (error) {
    throw await withoutItsKeys(data, error);
  } finally {
    await postgres.stop();
  }
}

async function withoutItsKeys({ secrets }: DataFolder, error: unknown): Promise<unknown> {
  const { VaultError } = await import('@vouchsafe/vault');
  const isWrongPassword = (error as { code?: unknown }).code === '28P01';
  if (!isWrongPassword && !(error instanceof VaultError)) return error;
  return new Refusal(
    `The backup cannot be opened with ${secrets}: ${(error as Error).message}.\n` +
      `Nothing was changed. ${
        environmentHint(error) ??
        'Restore data/secrets as it was when the backup was made, or use a backup that was made after the ' +
          'last `npm run keys -- retire-keks`.'
      }`,
  );
}

/**
 * Checkpoints of later trees may have been given out: to sign others of the same size would show as a fork, so nothing is signed for
 * these logs beyond this point (docs/audit.md, 'The log').
 */
async function closeLogs(restored: DataDatabase): Promise<number> {
  const closed = await ask(
    restored,
    'audit',
    'update log set closed_at = clock_timestamp() where closed_at is null',
  );
  return closed.rowCount ?? 0;
}

/** Services that the release of the backup had: a later one has no keys in it yet. */
async function servicesIn(restored: DataDatabase): Promise<readonly ServiceName[]> {
  const { serviceNames } = await import('@vouchsafe/contracts');
  const { rows } = await ask<{ datname: string }>(restored, 'postgres', 'select datname from pg_database');
  const names = new Set(rows.map(({ datname }) => datname));
  return serviceNames.filter((name) => names.has(name));
}

async function ask<Row extends pg.QueryResultRow>(
  { port, secrets }: DataDatabase,
  database: string,
  statement: string,
): Promise<pg.QueryResult<Row>> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port, database },
    ...{ user: 'postgres', password: secrets.postgres },
  });
  await client.connect();
  try {
    return await client.query<Row>(statement);
  } finally {
    await client.end();
  }
}

/** Before any service runs on the restored database: destroys the keys that the files of tombstones name. */
async function eraseAgain(
  data: DataFolder,
  services: readonly ServiceKeys[],
): Promise<Pick<Prepared, 'keys' | 'people'>> {
  const { tombstoneFile } = await import('@vouchsafe/vault');
  const { linesOfOthers } = await import('@vouchsafe/service-host');
  const { serviceNames } = await import('@vouchsafe/contracts');
  const { tombstoneFileOf } = await import('../start/services.ts');
  const fileOf = (name: ServiceName) => tombstoneFile(tombstoneFileOf(data.tombstones, name));
  const ledgers = await Promise.all(serviceNames.map((name) => fileOf(name).read()));
  for (const [nth, name] of serviceNames.entries()) {
    const own = ledgers[nth];
    if (own) await fileOf(name).append(linesOfOthers(own, ledgers));
  }
  let keys = 0;
  const people = new Set<string>();
  for (const { name, database, vault } of services) {
    // What was only intended, the service asks the holds for when it starts.
    for (const tombstone of (await fileOf(name).read()).tombstones) {
      if (!('userId' in tombstone)) {
        const { erasedOrganizationId, requestedAt } = tombstone;
        const { keysDestroyed } = await database.asRetention(async (sql) => {
          await vault.refuseOrganization(sql, erasedOrganizationId, new Date(requestedAt));
          return vault.destroyOrganization(sql, erasedOrganizationId);
        });
        keys += keysDestroyed;
        continue;
      }
      const { userId, organizations, subjects, requestedAt } = tombstone;
      people.add(userId);
      for (const scope of organizations.flatMap((organizationId) =>
        subjects.map((subjectId) => ({ organizationId, subjectId })),
      )) {
        const { keysDestroyed } = await database.asRetention((sql) =>
          vault.destroySubject(sql, scope, new Date(requestedAt)),
        );
        keys += keysDestroyed;
      }
    }
  }
  return { keys, people: people.size };
}

await runCommand({ usage, options }, main);
