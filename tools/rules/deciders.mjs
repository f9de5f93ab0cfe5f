import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Files that define a decider, relative to the root; pure code wherever they stand (ARCHITECTURE.md, rule 1). */
export function deciderFiles(root) {
  return readdirSync(path.join(root, 'services'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.(spec|fixture|d))\.ts$/.test(entry.name))
    .map((entry) =>
      path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)).replaceAll(path.sep, '/'),
    )
    .filter((file) => /^services\/[^/]+\/src\//.test(file))
    .filter((file) => /\bdecider\s*[(<]/.test(readFileSync(path.join(root, file), 'utf8')))
    .sort();
}
