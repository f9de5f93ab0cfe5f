import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../libs/service-host/src/command-line.ts';
import { sections, withSections } from './sections.ts';

const root = path.resolve(import.meta.dirname, '../..');
const usage = `Usage: npm run docs

Writes the generated sections of ARCHITECTURE.md and of pages in docs/.`;

await runCommand({ usage, options: {} }, () => {
  for (const [document, made] of Object.entries(sections(root))) {
    const file = path.join(root, document);
    writeFileSync(file, withSections(readFileSync(file, 'utf8'), made));
  }
});
