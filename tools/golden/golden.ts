import path from 'node:path';
import { build } from '../start/build.ts';
import { Refusal } from '../start/refusal.ts';
import type { GoldenFile } from './files.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** `npm run golden` writes the golden files; with `--check` it compares them (ARCHITECTURE.md, rule 7). */
async function main(check: boolean): Promise<void> {
  await build(root);
  // The rooms can be imported once they are built.
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
  if (complaints.length === 0) { console.log('Every golden file is what the code makes.'); return; }
  throw new Refusal(
    `${complaints.join('\n')}\n\n${check ? 'Look at what changed; if it is meant: npm run golden, and commit the files.' : 'These were not written.'}`,
  );
}

try {
  await main(process.argv.includes('--check'));
  process.exit(0);
} catch (error) {
  console.error(error instanceof Refusal ? error.message : error);
  process.exit(1);
}
