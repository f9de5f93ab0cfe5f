import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addLocalKek, deleteLocalKek, localKeyProvider } from './index.js';

const key = Buffer.alloc(32, 7);
const context = { environment: 'production', purpose: 'organization-key' };

describe('the local key provider', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-kek-'));
    file = path.join(folder, 'kek.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a file that its owner alone can read, and nothing beside it', async () => {
    await localKeyProvider(file, { create: true });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['kek.json']);
  });

  it('makes one key when several processes start at once', async () => {
    const providers = await Promise.all(
      Array.from({ length: 8 }, () => localKeyProvider(file, { create: true })),
    );
    const ids = await Promise.all(providers.map((provider) => provider.currentKeyId()));
    expect(new Set(ids).size).toBe(1);
    expect(await readdir(folder)).toEqual(['kek.json']);
  });

  it('does not make a file unless told to', async () => {
    await expect(localKeyProvider(file)).rejects.toMatchObject({ fault: 'kek-file-missing' });
  });

  it.each([0o640, 0o604, 0o620])('refuses a file that others can reach (mode %o)', async (mode) => {
    await localKeyProvider(file, { create: true });
    await chmod(file, mode);
    await expect(localKeyProvider(file)).rejects.toMatchObject({
      fault: 'kek-file-permissions',
      message: `KEK file ${file} has mode ${mode.toString(8).padStart(4, '0')}; it must be 0600`,
    });
  });

  it.each([
    ['no JSON', () => 'c2VjcmV0IGJ5dGVz'],
    ['a key too short', (text: string) => text.replace(/(: ")[\w+/]{43}="/, '$1c2VjcmV0IGJ5dGVz"')],
    ['no such current key', (text: string) => text.replace(/"current": "[^"]+"/, '"current": "kek-0"')],
  ])('refuses a file with %s, without showing its content', async (_what, spoil) => {
    await localKeyProvider(file, { create: true });
    await writeFile(file, spoil(await readFile(file, 'utf8')));
    const error: unknown = await localKeyProvider(file).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ fault: 'kek-file-malformed' });
    expect(String(error)).not.toContain('c2VjcmV0');
  });

  it('opens a key in the context that it was wrapped for, and in no other (P20)', async () => {
    const provider = await localKeyProvider(file, { create: true });
    const { keyId, wrapped } = await provider.wrap(key, context);
    expect(Buffer.from(await provider.unwrap(keyId, wrapped, context)).equals(key)).toBe(true);
    await expect(provider.unwrap(keyId, wrapped, { ...context, environment: 'test' })).rejects.toMatchObject({
      fault: 'kek-does-not-open',
    });
  });

  it('goes on opening what an older KEK wrapped, until that is deleted', async () => {
    const provider = await localKeyProvider(file, { create: true });
    const old = await provider.wrap(key, context);
    const added = await addLocalKek(file);
    expect((await provider.wrap(key, context)).keyId).toBe(added);
    const restarted = await localKeyProvider(file);
    await restarted.unwrap(old.keyId, old.wrapped, context);
    await expect(deleteLocalKek(file, added)).rejects.toThrow('is the current one');
    await deleteLocalKek(file, old.keyId);
    const after = await localKeyProvider(file);
    await expect(after.unwrap(old.keyId, old.wrapped, context)).rejects.toMatchObject({
      fault: 'kek-unknown',
    });
  });

  it('hears of a KEK that another process added', async () => {
    const [one, other] = [await localKeyProvider(file, { create: true }), await localKeyProvider(file)];
    await addLocalKek(file);
    const { keyId, wrapped } = await one.wrap(key, context);
    expect(Buffer.from(await other.unwrap(keyId, wrapped, context)).equals(key)).toBe(true);
  });
});
