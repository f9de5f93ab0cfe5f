import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { endContainer } from './left-container.ts';
import { end, identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import { Refusal } from '../../libs/service-host/src/command-line.ts';

/** Layout of the folder; raised when an older one can no longer be read. */
const layout = '2';
const refuseBelow = 256 * 1024 * 1024;
const warnBelow = 2 * 1024 * 1024 * 1024;

export interface DataFolder {
  readonly path: string;
  readonly secrets: string;
  readonly mail: string;
  readonly logs: string;
  /** Erasures, recorded outside of the database. */
  readonly tombstones: string;
  /** Writes down what a later start must end, should this one be killed. */
  readonly record: (name: string, what: Recorded) => void;
  readonly release: () => void;
}

export type Recorded = { readonly pid: number } | { readonly container: string };

interface Run {
  readonly supervisor: ProcessIdentity;
  readonly processes: Readonly<Record<string, ProcessIdentity>>;
  /** By their id; absent in what an older version wrote. */
  readonly containers?: Readonly<Record<string, string>>;
}

/** Opens the folder for this process alone; refuses, with words that say what to do, what it must not touch. */
export async function openDataFolder(folder: string, say: (line: string) => void): Promise<DataFolder> {
  await writable(folder);
  await knownVersion(folder);
  const { bavail, bsize } = await statfs(folder);
  const space = spaceComplaint(bavail * bsize, folder);
  if (space?.refuse) throw new Refusal(space.message);
  if (space) say(space.message);
  await endFormerRun(folder, say);
  const [secrets, mail, logs, tombstones] = ['secrets', 'mail', 'logs', 'tombstones'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  await mkdir(mail, { recursive: true, mode: 0o700 });
  await mkdir(logs, { recursive: true, mode: 0o700 });
  await mkdir(tombstones, { recursive: true, mode: 0o700 });
  const supervisor = identityOf(process.pid);
  if (!supervisor) throw new Error('The identity of this process could not be determined');
  let run: Run = { supervisor, processes: {} };
  writeWhole(runFile(folder), JSON.stringify(run));
  return {
    path: folder,
    secrets,
    mail,
    logs,
    tombstones,
    record: (name, what) => {
      if ('container' in what) {
        run = { ...run, containers: { ...run.containers, [name]: what.container } };
      } else {
        const identity = identityOf(what.pid);
        if (!identity) return;
        run = { ...run, processes: { ...run.processes, [name]: identity } };
      }
      writeWhole(runFile(folder), JSON.stringify(run));
    },
    release: () => rmSync(runFile(folder), { force: true }),
  };
}

/** @param free bytes */
export function spaceComplaint(
  free: number,
  folder: string,
): { refuse: boolean; message: string } | undefined {
  if (free >= warnBelow) return undefined;
  const left = `${Math.floor(free / 1024 / 1024)} MB are free where ${folder} lies`;
  return free < refuseBelow
    ? {
        refuse: true,
        message: `Only ${left}; at least 256 MB are needed. Free some, or use --data with a folder on another disk.`,
      }
    : {
        refuse: false,
        message: `Note: ${left}. The audit log only grows: make sure that there is enough space.`,
      };
}

async function writable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    // Postgres may run as a user of its own, who must be able to pass.
    await chmod(folder, 0o711);
    const probe = path.join(folder, `.probe-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new Refusal(
      `The data folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).\n` +
        `Change its owner or mode (chown, chmod), or choose another folder: npm start -- --data /path/to/folder`,
    );
  }
}

async function knownVersion(folder: string): Promise<void> {
  const file = path.join(folder, 'VERSION');
  const found = await readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  if (found === undefined) {
    writeWhole(file, `${layout}\n`);
    return;
  }
  if (found !== layout) {
    throw new Refusal(
      `The data in ${folder} is of layout ${found}; this version of Vouchsafe reads layout ${layout}. Nothing was changed.\n` +
        `Start the version that wrote it, or begin with an empty folder: npm start -- --data another-folder`,
    );
  }
}

/** A start that was killed leaves its processes behind; they are ended, unless that start still lives. */
async function endFormerRun(folder: string, say: (line: string) => void): Promise<void> {
  const former = await readRun(folder);
  if (!former) return;
  if (isAlive(former.supervisor) && former.supervisor.pid !== process.pid) {
    throw new Refusal(
      `Vouchsafe already runs on ${folder}, as process ${former.supervisor.pid}.\n` +
        `Stop it (kill ${former.supervisor.pid}), or give this one its own: npm start -- --port 8081 --data another-folder`,
    );
  }
  const left = Object.entries(former.processes).filter(([, identity]) => isAlive(identity));
  const containers = Object.entries(former.containers ?? {});
  const names = [
    ...left.map(([name, { pid }]) => `${name} (${pid})`),
    ...containers.map(([name, id]) => `${name} (container ${id.slice(0, 12)})`),
  ];
  say(
    names.length === 0
      ? 'The last run was killed; continuing with its data.'
      : `The last run was killed; stopping the processes that it left behind: ${names.join(', ')}.`,
  );
  // Services before the bus and the database that they write to.
  const services = left.filter(([name]) => name !== 'postgres' && name !== 'kafka');
  const kafka = left.filter(([name]) => name === 'kafka');
  for (const [name, identity] of [...services, ...kafka]) {
    if (!(await end(identity, 'SIGTERM', 10_000)) && !(await end(identity, 'SIGKILL', 5_000))) {
      throw new Refusal(
        `${name} of the last run does not stop: run kill -9 ${identity.pid}, then start again.`,
      );
    }
  }
  for (const [, id] of containers) await endContainer(id);
  const postgres = former.processes.postgres;
  if (postgres && !(await end(postgres, 'SIGINT', 60_000))) {
    throw new Refusal(
      `The last run's database does not stop: look at process ${postgres.pid}, then start again.`,
    );
  }
}

function runFile(folder: string): string {
  return path.join(folder, 'run.json');
}

async function readRun(folder: string): Promise<Run | undefined> {
  const text = await readFile(runFile(folder), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Run);
}

/** A reader sees the old text or the new one, never half of it; nor do two writers of this process mix. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
