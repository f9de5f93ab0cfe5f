import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { associatedData, decrypt, encrypt, keyFrom, newKeyBytes } from './aead.js';
import type { KeyContext, KeyProvider } from './key-provider.js';
import { syncFolderOf } from './sync-folder.js';
import { VaultError } from './vault-error.js';
import { storedNames } from './stored-names.js';

/** Several keys, so that a rotation can open what an older one wrapped; `current` wraps. */
const kekFile = z
  .strictObject({
    format: z.literal(storedNames.kek),
    current: z.string(),
    keys: z.record(z.string(), z.base64().length(44)),
  })
  .refine(({ current, keys }) => Object.hasOwn(keys, current), { path: ['current'] });
type KekFile = z.infer<typeof kekFile>;

/**
 * KEKs from a file that its owner alone can read, for one machine.
 * @param create makes the file with one fresh key where it is missing; safe when several processes start at once
 * @throws VaultError `kek-file-missing`, `kek-file-permissions`, `kek-file-malformed`
 */
export async function localKeyProvider(
  file: string,
  { create = false }: { create?: boolean } = {},
): Promise<KeyProvider> {
  if (create) await createIfMissing(file);
  let kek = await readKekFile(file);
  return {
    currentKeyId: async () => (kek = await readKekFile(file)).current,
    // Read anew, for wrapping is rare and must not go on under a KEK that is about to be deleted.
    wrap: async (key, context) => {
      kek = await readKekFile(file);
      return { keyId: kek.current, wrapped: encrypt(kekOf(kek, kek.current), contextBytes(context), key) };
    },
    unwrap: async (keyId, wrapped, context) => {
      // Another process may have rotated since this one read the file.
      if (!Object.hasOwn(kek.keys, keyId)) kek = await readKekFile(file);
      const key = decrypt(kekOf(kek, keyId), contextBytes(context), wrapped);
      if (!key)
        throw new VaultError('kek-does-not-open', `KEK ${keyId} does not open a key: ${described(context)}`);
      return key;
    },
  };
}

/** Ids of the KEKs that a file holds; the current one first. */
export async function localKeks(file: string): Promise<string[]> {
  const { current, keys } = await readKekFile(file);
  return [current, ...Object.keys(keys).filter((id) => id !== current)];
}

/** Adds a fresh KEK and makes it the current one; the older ones go on opening. */
export async function addLocalKek(file: string): Promise<string> {
  const kek = await readKekFile(file);
  const id = newKekId();
  await replaceKekFile(file, { ...kek, current: id, keys: { ...kek.keys, [id]: newKek() } });
  return id;
}

/** Deletes an older KEK, for good: what it still wraps never opens again. Rotate first (`Vault.rotateKek`). */
export async function deleteLocalKek(file: string, keyId: string): Promise<void> {
  const { keys, ...rest } = await readKekFile(file);
  if (keyId === rest.current)
    throw new Error(`KEK ${keyId} is the current one of ${file}; add another first`);
  await replaceKekFile(file, {
    ...rest,
    keys: Object.fromEntries(Object.entries(keys).filter(([id]) => id !== keyId)),
  });
}

async function readKekFile(file: string): Promise<KekFile> {
  const about = await stat(file).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) throw new VaultError('kek-file-missing', `There is no KEK file at ${file}`);
    throw error;
  });
  if ((about.mode & 0o077) !== 0) {
    const mode = (about.mode & 0o777).toString(8).padStart(4, '0');
    throw new VaultError('kek-file-permissions', `KEK file ${file} has mode ${mode}; it must be 0600`);
  }
  const parsed = kekFile.safeParse(jsonOrUndefined(await readFile(file, 'utf8')));
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join('.') || '(root)').join(', ');
    throw new VaultError(
      'kek-file-malformed',
      `KEK file ${file} is not in the format ${storedNames.kek}: ${where}`,
    );
  }
  return parsed.data;
}

async function createIfMissing(file: string): Promise<void> {
  const id = newKekId();
  const draft = await writeDraft(file, {
    format: storedNames.kek,
    current: id,
    keys: { [id]: newKek() },
  });
  try {
    // `link` fails where the file exists, so of several processes that start together one wins and all read its key.
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Durable when it resolves: keys are about to be wrapped under what the file says, in a database that survives a crash. */
async function replaceKekFile(file: string, content: KekFile): Promise<void> {
  await rename(await writeDraft(file, content), file);
  await syncFolderOf(file);
}

/** Written and flushed beside the file, so that a crash leaves the old one or the new one, never half of one. */
async function writeDraft(file: string, content: KekFile): Promise<string> {
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

function kekOf(kek: KekFile, keyId: string) {
  const encoded = Object.hasOwn(kek.keys, keyId) ? kek.keys[keyId] : undefined;
  if (encoded === undefined)
    throw new VaultError(
      'kek-unknown',
      `The KEK file holds no KEK ${keyId}, which wraps keys in the database: the file does not belong to this database`,
    );
  return keyFrom(Buffer.from(encoded, 'base64'));
}

function newKekId(): string {
  return `kek-${randomUUID()}`;
}

function newKek(): string {
  return newKeyBytes().toString('base64');
}

function contextBytes(context: KeyContext): Buffer {
  const entries = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return associatedData([storedNames.kek, ...entries.flat()]);
}

function described(context: KeyContext): string {
  return Object.entries(context)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The parser's message would quote the file.
  }
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
