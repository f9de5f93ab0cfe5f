import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sections, withSections } from './sections.ts';

/** `npm run docs`: writes the made sections of ARCHITECTURE.md and docs/promises.md anew. */
const root = path.resolve(import.meta.dirname, '../..');
for (const [document, made] of Object.entries(sections(root))) {
  const file = path.join(root, document);
  writeFileSync(file, withSections(readFileSync(file, 'utf8'), made));
}
