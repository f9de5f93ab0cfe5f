import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../libs/service-host/src/command-line.ts';
import { sections, withSections } from './sections.ts';

const root = path.resolve(import.meta.dirname, '../..');
const usage = `Usage: npm run docs

Writes the generated sections of ARCHITECTURE.md and of pages in docs/, and prints which of them changed.`;

await runCommand({ usage, options: {} }, () => {
  let upToDate = true;
  for (const [document, made] of Object.entries(sections(root))) {
    const file = path.join(root, document);
    const before = readFileSync(file, 'utf8');
    const after = withSections(before, made);
    if (after === before) continue;
    writeFileSync(file, after);
    console.log(`wrote ${document}`);
    upToDate = false;
  }
  if (upToDate) console.log('Every generated section is up to date.');
});
