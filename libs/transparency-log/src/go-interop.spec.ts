import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hasGo, withoutGo } from '@vouchsafe/testing';
import {
  append,
  consistencyProof,
  ed25519Signer,
  emptyTree,
  encodeVerifierKey,
  inclusionProof,
  leafHashes,
  rootOf,
  signCheckpoint,
  tilePath,
  tilesFor,
  tilesInMemory,
} from './index.js';

/** Other people's verifiers must accept every byte (docs/audit.md, 'The log'): here the Go checksum database's own. */
const withGo = hasGo() ? describe : describe.skip;

withGo(`golang.org/x/mod/sumdb accepts our logs${withoutGo()}`, () => {
  const work = mkdtempSync(join(tmpdir(), 'vouchsafe-interop-'));
  const program = join(work, 'interop');

  beforeAll(() => {
    execFileSync('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, '../interop') });
  }, 300_000);
  afterAll(() => {
    rmSync(work, { recursive: true });
  });

  it.each([1, 2, 255, 256, 257, 700, 65_536, 70_000])('of %i leaves', async (size) => {
    const folder = join(work, String(size));
    await writeLog(folder, size);
    expect(JSON.parse(execFileSync(program, [folder], { encoding: 'utf8' }))).toMatchObject({
      leaves: size,
    });
  });

  it('and sees a changed tile, a changed checkpoint, and a changed proof', async () => {
    const folder = join(work, 'changed');
    const { claim } = await writeLog(folder, 300);
    const fails = (): void => {
      expect(() => execFileSync(program, [folder], { stdio: 'pipe' })).toThrow();
    };
    write(folder, 'claim.json', JSON.stringify({ ...claim, inclusion: [{ index: 1, proof: [] }] }));
    fails();
    await writeLog(folder, 300);
    write(folder, 'tile/0/000', Buffer.alloc(8192));
    fails();
    await writeLog(folder, 300);
    write(
      folder,
      'checkpoint',
      signCheckpoint({ origin: ORIGIN, size: 300, root: Buffer.alloc(32) }, LOG.signer),
    );
    fails();
  });
});

const ORIGIN = 'audit.example.com/go';
const LOG = ed25519Signer(ORIGIN, Buffer.alloc(32, 4));

async function writeLog(folder: string, size: number): Promise<{ claim: object }> {
  const leaves = Array.from({ length: size }, (_, i) => Buffer.from(`{"entry":${i}}`));
  const hashes = leafHashes(leaves);
  const tiles = tilesInMemory(hashes);
  const rootAt = (n: number): Uint8Array => rootOf(append(emptyTree, hashes.subarray(0, n * 32)).tree);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const picked = [0, 1, 100, 255, 256, 511, 65_535, size - 1].filter((i) => i < size);
  const claim = {
    vkey: encodeVerifierKey(LOG.key),
    leaves: leaves.map(base64),
    inclusion: await Promise.all(
      picked.map(async (index) => ({ index, proof: (await inclusionProof(tiles, index, size)).map(base64) })),
    ),
    consistency: await Promise.all(
      picked.map(async (index) => ({
        size: index + 1,
        root: base64(rootAt(index + 1)),
        proof: (await consistencyProof(tiles, index + 1, size)).map(base64),
      })),
    ),
  };
  write(folder, 'claim.json', JSON.stringify(claim));
  write(folder, 'checkpoint', signCheckpoint({ origin: ORIGIN, size, root: rootAt(size) }, LOG.signer));
  for (const tile of tilesFor(size, leaves.keys())) {
    write(folder, tilePath(tile), await tiles(tile.level, tile.index, tile.width));
  }
  return { claim };
}

function write(folder: string, name: string, content: string | Uint8Array): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
