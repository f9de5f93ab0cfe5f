/** @promise P30 a part of a return of which a byte was changed, or a file is missing, is refused */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  canonicalJson,
  ed25519Signer,
  encodeVerifierKey,
  type Json,
  signNote,
} from '@vouchsafe/transparency-log';
import { run } from '../command/run.js';
import type { ReturnManifest } from './return-manifest.js';

const signer = ed25519Signer('ops.example/returns', Buffer.alloc(32, 1));
const other = ed25519Signer('ops.example/certificates', Buffer.alloc(32, 2));
const [key, otherKey] = [encodeVerifierKey(signer.key), encodeVerifierKey(other.key)];

const contents: Readonly<Record<string, Buffer>> = {
  'members.csv': Buffer.from('"userId"\r\n"1"\r\n"2"\r\n'),
  'attachments/0a4b6d0e/...שלום.txt': Buffer.from('text'),
  'attachments/0a4b6d0f/empty': Buffer.alloc(0),
};
const good: ReturnManifest = {
  ...{ format: 'vouchsafe-return', version: 1, organizationId: 'o-1', returnId: 'r-1', userId: null },
  ...{ from: null, to: null },
  ...{ createdAt: '2026-11-30T07:00:00.000Z', part: 1, isLast: true, missing: [], previousPart: null },
  files: Object.entries(contents).map(([path, content]) => ({
    ...{ path, size: content.length, sha256: createHash('sha256').update(content).digest('hex') },
    ...(path === 'members.csv' && { rows: 2 }),
  })),
  notReturned: [{ service: 'identity', store: 'credentials', because: 'Hashes' }],
};

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-return-'));
const manifest = join(folder, 'part/manifest.note');
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(dirname(manifest), { recursive: true, force: true });
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, 'part', path)), { recursive: true });
    writeFileSync(join(folder, 'part', path), content);
  }
});

function noteOf(of: object, title = 'vouchsafe return manifest v1', by = signer): Buffer {
  return Buffer.from(signNote(`${title}\n${canonicalJson(of as Json)}\n`, by.signer));
}

function verified(note: Buffer, keys: readonly string[] = [key]) {
  writeFileSync(manifest, note);
  return run([manifest, ...keys.flatMap((one) => ['--vkey', one])]);
}

describe('a part of a return', () => {
  it('holds against the key that signed it, and says what it is', async () => {
    const { code, out } = await verified(noteOf(good), [otherKey, key]);
    expect(out).toContain('HOLDS, against the keys that you gave');
    expect(out).toContain('Part 1 of the return "r-1" of organization "o-1"');
    expect(out).toContain('1 tables have 2 rows');
    expect(out).toContain('Nothing is returned of "identity/credentials": "Hashes"');
    expect(code).toBe(0);
  });

  it('holds only by its own words where no key is given', async () => {
    const { code, out } = await verified(noteOf(good), []);
    expect([code, out]).toEqual([3, expect.stringContaining('holds ONLY BY ITS OWN WORDS')]);
  });

  it('is refused with any other key, one of another purpose, too', async () => {
    expect(await verified(noteOf(good), [otherKey])).toMatchObject({ code: 1 });
    expect(await verified(noteOf(good, undefined, other), [otherKey])).toMatchObject({ code: 1 });
  });

  it('is refused with any changed byte of its manifest', async () => {
    const note = noteOf(good);
    // Behind the title, by which it is known.
    for (let at = 30; at < note.length - 1; at += 7) {
      const changed = Buffer.from(note);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const { code } = await verified(changed);
      expect([at, code === 1 || code === 2]).toEqual([at, true]);
    }
  });

  it.each(Object.keys(contents))('is refused where %s is another, or missing', async (path) => {
    const place = join(folder, 'part', path);
    writeFileSync(place, Buffer.concat([contents[path] ?? Buffer.alloc(0), Buffer.from('x')]));
    expect((await verified(noteOf(good))).out).toMatch(/bytes, and \d+ were written/);
    if (contents[path]?.length) {
      writeFileSync(place, Buffer.alloc(contents[path].length, 'x'));
      expect((await verified(noteOf(good))).out).toContain('its SHA-256 is not the one in the manifest');
    }
    rmSync(place);
    const { code, out } = await verified(noteOf(good));
    expect([code, out]).toEqual([1, expect.stringContaining('it is missing')]);
  });

  it('is refused where a folder stands in place of a file: nothing but files is opened', async () => {
    rmSync(join(folder, 'part', 'members.csv'));
    mkdirSync(join(folder, 'part', 'members.csv'));
    const { code, out } = await verified(noteOf(good));
    expect([code, out]).toEqual([1, expect.stringContaining('it is missing')]);
  });

  const [first, ...others] = good.files;
  it.each<[string, object]>([
    ['a path out of the folder', { files: [{ ...first, path: '../manifest.note' }] }],
    ['an absolute path', { files: [{ ...first, path: '/etc/passwd' }] }],
    ['a path of Windows', { files: [{ ...first, path: '..\\manifest.note' }] }],
    ['a file twice', { files: [first, first, ...others] }],
    ['another member', { more: 1 }],
    ['a time that is none', { from: 'yesterday' }],
    ['a part before the first', { previousPart: { part: 0, size: 1, sha256: '0'.repeat(64) } }],
    ['no part before the second', { part: 2 }],
    ['a part 0', { part: 0 }],
  ])('is refused with %s', async (_, change) => {
    expect(await verified(noteOf({ ...good, ...change }))).toMatchObject({ code: 1 });
  });

  it('of a later version is for a newer verifier', async () => {
    const { code, out } = await verified(noteOf(good, 'vouchsafe return manifest v2'));
    expect([code, out]).toEqual([2, expect.stringContaining('a newer verifier is needed')]);
  });
});
