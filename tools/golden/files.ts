import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A file that must be what the code makes; kept in the repository so that a review sees each change. */
export interface GoldenFile {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  /** Why the old text may not become the new one, a line each. */
  readonly refuse?: (before: string) => readonly string[];
}

/** @returns a complaint for each file that differs, or that nothing makes any more */
export async function compareGolden(root: string, files: readonly GoldenFile[]): Promise<string[]> {
  const complaints = [];
  for (const file of files) {
    const before = await readFile(path.join(root, file.path), 'utf8').catch(() => undefined);
    if (before === file.text) continue;
    const refused = before === undefined ? [] : (file.refuse?.(before) ?? []);
    complaints.push(
      before === undefined
        ? `${file.path} is missing`
        : `${file.path} is out of date: ${firstDifference(before, file.text)}`,
      ...refused.map((line) => `${file.path} breaks its readers: ${line}`),
    );
  }
  return [...complaints, ...(await orphans(root, files))];
}

/** Writes what may be written. @returns a complaint for each change that is refused */
export async function writeGolden(root: string, files: readonly GoldenFile[]): Promise<string[]> {
  const complaints = [];
  for (const file of files) {
    const target = path.join(root, file.path);
    const before = await readFile(target, 'utf8').catch(() => undefined);
    if (before === file.text) continue;
    const refused = before === undefined ? [] : (file.refuse?.(before) ?? []);
    complaints.push(...refused.map((line) => `${file.path} breaks its readers: ${line}`));
    if (refused.length > 0) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, file.text);
    console.log(`wrote ${file.path}`);
  }
  return [...complaints, ...(await orphans(root, files))];
}

/** A contract that was promised once is not taken away by deleting its code. */
async function orphans(root: string, files: readonly GoldenFile[]): Promise<string[]> {
  const folders = new Set(
    files.map((file) => path.dirname(file.path)).filter((folder) => folder.endsWith('/golden')),
  );
  const known = new Set(files.map((file) => file.path));
  const found = [];
  for (const folder of folders) {
    const names = await readdir(path.join(root, folder)).catch(() => []);
    found.push(...names.map((name) => `${folder}/${name}`).filter((file) => !known.has(file)));
  }
  return found.map(
    (file) => `${file} is not generated any more: a contract must stay as long as anyone may read it`,
  );
}

function firstDifference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const line = now.findIndex((text, index) => text !== old[index]);
  return line === -1
    ? 'it has fewer lines'
    : `line ${line + 1} is now ${JSON.stringify(now[line]?.slice(0, 120))}`;
}
