import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dumpSchema } from '@vouchsafe/database';
import { freePort } from '@vouchsafe/testing';
import pg from 'pg';
import { openDataFolder } from '../start/data-folder.ts';
import { databases } from '../start/databases.ts';
import { startSystem } from '../start/system.ts';
import type { GoldenFile } from './files.ts';

/** The schema of every database as the running services have made it. */
export async function schemaFiles(root: string): Promise<GoldenFile[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-golden-'));
  const quiet = () => undefined;
  const data = await openDataFolder(folder, quiet);
  const system = await startSystem({ root, data, port: await freePort(), say: quiet });
  try {
    const files = [];
    for (const database of databases) {
      files.push({
        path: placeOf(database),
        text: `${header(database)}${await dumped(system.adminUrl, database)}`,
      });
    }
    return files;
  } finally {
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function placeOf(database: (typeof databases)[number]): string {
  return database === 'bus'
    ? 'libs/messaging/src/embedded/schema.sql'
    : `services/${database}/src/persistence/schema.sql`;
}

function header(database: string): string {
  return `-- The database \`${database}\` as its migrations make it. Written by \`npm run golden\`; a test compares.\n\n`;
}

async function dumped(adminUrl: string, database: string): Promise<string> {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    return await dumpSchema({
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(text, [...values])).rows,
    });
  } finally {
    await client.end();
  }
}
