import path from 'node:path';
import { build } from '../build/workspace.ts';
import { type Given, Refusal, runCommand } from '../../libs/service-host/src/command-line.ts';
import type { GoldenFile } from './files.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `Usage: npm run golden [-- --check]

Writes the golden files: what the code makes of schemas, contracts, events and documents (ARCHITECTURE.md, rule 7).

  --check  compares them, and writes nothing`;
const options = { check: { type: 'boolean', default: false } } as const;

async function main({ values: { check } }: Given<typeof options>): Promise<void> {
  await build(root);
  // The packages can be imported once they are built.
  const { compareGolden, writeGolden } = await import('./files.ts');
  const { contractFiles } = await import('./contracts.ts');
  const { eventFiles, inventoryFiles, openApiFiles } = await import('./services.ts');
  const { schemaFiles } = await import('./schemas.ts');
  const visit = (files: readonly GoldenFile[]) => (check ? compareGolden : writeGolden)(root, files);
  const complaints = [
    ...(await visit(contractFiles())),
    // Before a system is started: it boots from them.
    ...(await visit([
      ...(await openApiFiles(root)),
      ...(await inventoryFiles(root)),
      ...(await eventFiles(root)),
    ])),
    ...(await visit(await schemaFiles(root))),
  ];
  if (complaints.length === 0) {
    console.log('Every golden file is up to date.');
    return;
  }
  throw new Refusal(
    `${complaints.join('\n')}\n\n${check ? 'Look at what changed. If it is intended, run npm run golden and commit the files.' : 'These were not written.'}`,
  );
}

await runCommand({ usage, options }, main);
// Pools of the systems that it started would keep it alive.
process.exit();
