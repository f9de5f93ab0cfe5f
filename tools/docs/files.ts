import { globSync } from 'node:fs';
import path from 'node:path';

const MADE_ELSEWHERE = new Set(['node_modules', 'dist', 'data', 'tour-output', 'coverage']);

/** Files of the repository, by their path from its root. */
export function filesOf(root: string, pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: (name) => name.startsWith('.') || MADE_ELSEWHERE.has(name) })
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort();
}
