import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@vouchsafe/testing';
import pg from 'pg';
import { openDataFolder } from '../../tools/start/data-folder.ts';
import { type RunningSystem, startSystem } from '../../tools/start/system.ts';
import { fillWithNewData } from './new-data.ts';
import { root } from './root.ts';

export interface SystemUnderTest extends RunningSystem {
  /** Everything that the system writes lies in it. */
  readonly folder: string;
  /** Rows of a service's database, read as superuser: behind the backs of row-level security and of the service. */
  rows<Row extends pg.QueryResultRow>(
    database: string,
    query: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
}

/** The limits would answer before what is tested does: one address plays all of the people here. */
const wideLimits = {
  VOUCHSAFE_RATE_PER_ADDRESS: '1000000/60',
  VOUCHSAFE_RATE_PER_ACCOUNT: '1000000/60',
  VOUCHSAFE_RATE_PER_KEY: '1000000/60',
  VOUCHSAFE_RATE_PUBLIC_CHANGES: '1000000/60',
};

export interface TestedSystemOptions {
  /** Parts end on purpose: nothing is printed of it. */
  readonly killsServices?: boolean;
  /** On a real broker in place of the embedded bus. */
  readonly kafka?: boolean;
  /** Where the folder is made: a small file system of its own, for a suite that fills it. */
  readonly parent?: string;
  /** A folder of the suite's own: it stays when the system stops, and can be started on again. */
  readonly folder?: string;
  /** Milliseconds, of the stand-in for Stripe: for a suite that moves the services' clock. */
  readonly stripeClock?: () => number;
}

/**
 * A whole Vouchsafe of its own, as `npm start` runs it: Postgres, and each service's built program as a process. The folder goes
 * when the system stops.
 */
export async function startForTests(
  env: Readonly<Record<string, string>> = {},
  {
    killsServices = false,
    kafka = false,
    parent = tmpdir(),
    folder: given,
    stripeClock,
  }: TestedSystemOptions = {},
): Promise<SystemUnderTest> {
  if (!existsSync(path.join(root, 'services/gateway/dist/bundle/main.js')))
    throw new Error('The services are not built: npm run build');
  const folder = given ?? (await mkdtemp(path.join(parent, 'vouchsafe-system-')));
  if (given === undefined) await fillWithNewData(folder);
  const remove = async () => {
    if (given === undefined) await rm(folder, { recursive: true, force: true });
  };
  const system = await startSystem({
    root,
    data: await openDataFolder(folder, () => undefined),
    port: await freePort(),
    say: () => undefined,
    kafka,
    ...(stripeClock && { stripeClock }),
    env: { VOUCHSAFE_ENVIRONMENT: 'testing', ...wideLimits, ...env },
  }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  // A service that ends by itself is told with its last words; what is asked of it from then on fails.
  system.broken.catch((error: unknown) => {
    if (!killsServices) console.error(error instanceof Error ? error.message : error);
  });
  return {
    ...system,
    folder,
    rows: async (database, query, values = []) => {
      const url = new URL(system.adminUrl);
      url.pathname = `/${database}`;
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      try {
        return (await client.query(query, [...values])).rows as never[];
      } finally {
        await client.end();
      }
    },
    stop: async () => {
      await system.stop();
      await remove();
    },
  };
}
