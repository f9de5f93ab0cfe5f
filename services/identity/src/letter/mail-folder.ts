import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** The headers of a letter of ours stand well within this. */
const HEAD_BYTES = 4096;

/** Removes the files of these letters, where they are. */
export async function removeLetters(folder: string, letterIds: readonly string[]): Promise<void> {
  for (const id of letterIds) {
    await rm(path.join(folder, `${id}.eml`), { force: true });
    await rm(path.join(folder, `${id}.eml.part`), { force: true });
  }
}

/** Removes every letter to an address, whatever it was about: for the erasure of whom it belongs to (P10). */
export async function removeLettersTo(folder: string, address: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const wanted = address.toLowerCase();
  for (const name of names.filter((one) => /\.eml(\.part)?$/.test(one))) {
    const file = path.join(folder, name);
    if ((await addresseeOf(file)) === wanted) await rm(file, { force: true });
  }
}

async function addresseeOf(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const to = /^to:[ \t]*(?:\r?\n[ \t]+)?(.*)$/im.exec(buffer.subarray(0, bytesRead).toString());
    return to?.[1]
      ?.trim()
      .replace(/^.*<|>$/g, '')
      .toLowerCase();
  } finally {
    await handle.close();
  }
}
