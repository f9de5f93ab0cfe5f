import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sections, withSections } from './sections.ts';

/** `npm run docs`: writes the made sections of ARCHITECTURE.md anew. */
const root = path.resolve(import.meta.dirname, '../..');
const file = path.join(root, 'ARCHITECTURE.md');
writeFileSync(file, withSections(readFileSync(file, 'utf8'), sections(root)));
