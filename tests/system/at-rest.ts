import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { SystemUnderTest } from './running-system.ts';

/** A text as it is, in hex and in base64: as Postgres or a careless program would write it. */
export function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  // The last characters of base64 depend on what follows.
  const base64 = bytes.toString('base64').replace(/=+$/, '').slice(0, -1);
  return [text, bytes.toString('hex'), base64];
}

/** Shorter ones would be found by chance. */
const SHORTEST = 4;

/**
 * A search for many texts at once, in each of their forms: one pass over the bytes, however many texts there are.
 * @returns the texts that are there
 */
export function searchFor(texts: Iterable<string>): (bytes: Buffer) => string[] {
  const byHead = new Map<number, { readonly form: Buffer; readonly text: string }[]>();
  // Nearly every place in a file is passed by this: its first two bytes begin no form.
  const begins = new Uint8Array(1 << 16);
  for (const text of texts)
    for (const form of formsOf(text).map((one) => Buffer.from(one))) {
      if (form.length < SHORTEST) throw new Error(`Too short to be looked for: ${text}`);
      const head = form.readUInt32BE();
      byHead.set(head, [...(byHead.get(head) ?? []), { form, text }]);
      begins[form.readUInt16BE()] = 1;
    }
  return (bytes) => {
    const found = new Set<string>();
    for (let at = 0; at + SHORTEST <= bytes.length; at += 1) {
      if (begins[((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)] === 0) continue;
      for (const { form, text } of byHead.get(bytes.readUInt32BE(at)) ?? [])
        if (form.equals(bytes.subarray(at, at + form.length))) found.add(text);
    }
    return [...found];
  };
}

/** Every row of every table that is not Postgres's own, as text. */
export async function everyRow(
  system: Pick<SystemUnderTest, 'rows'>,
  databases: readonly string[],
): Promise<{ table: string; text: string }[]> {
  const rows = [];
  for (const database of databases) {
    const tables = await system.rows<{ name: string }>(
      database,
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname <> 'information_schema' and schemaname <> 'pg_catalog'`,
    );
    for (const { name } of tables) {
      const texts = await system.rows<{ text: string }>(database, `select t::text as text from ${name} t`);
      rows.push(...texts.map(({ text }) => ({ table: `${database}.${name}`, text })));
    }
  }
  return rows;
}

/** Paths of all files below a folder whose names are `wanted`; a file that disappears meanwhile is left out. */
export async function filesUnder(
  folder: string,
  wanted: (name: string) => boolean = () => true,
): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const nested = await Promise.all(
    entries
      .filter(({ name }) => wanted(name))
      .map(async (entry): Promise<string[]> => {
        const full = path.join(folder, entry.name);
        if (entry.isDirectory()) return filesUnder(full, wanted);
        return entry.isFile() ? [full] : [];
      }),
  );
  return nested.flat();
}
