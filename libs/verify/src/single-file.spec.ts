import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeVerifierKey } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, bundleFixture } from './bundle.fixture.js';
import { runProgram, singleFile } from './program.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-single-'));
let built: ReturnType<typeof singleFile>;

beforeAll(() => {
  built = singleFile(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the verifier as a single file', () => {
  it('has the SHA-256 that the repository publishes (else: npm run verifier -- --record)', () => {
    const published = readFileSync(resolve(import.meta.dirname, '../SHA256SUMS'), 'utf8');
    const sha256 = createHash('sha256').update(readFileSync(built.file)).digest('hex');
    expect(published).toBe(`${sha256}  vouchsafe-verify.mjs\n`);
  });

  it('is made of the verifier and the log, all plain code, and needs nothing but Node.js', () => {
    const text = readFileSync(built.file, 'utf8');
    const modules = [...text.matchAll(/^\/\/ ((?:libs|services|node_modules)\/.*)$/gm)].map(
      ([, name]) => name,
    );
    expect(modules).toContain('libs/verify/src/verify-bundle.ts');
    expect(modules).toContain('libs/transparency-log/src/leaf.ts');
    for (const name of modules) {
      expect(name).toMatch(/^libs\/(verify|transparency-log)\/src\//);
      expect(name).not.toMatch(/(json-tape|leaf-reader|bytes)\.ts$/);
    }
    const imported = [...text.matchAll(/(?:\bfrom |\bimport\(|\brequire\()\s*["']([^"']*)["']/g)].map(
      ([, name]) => name,
    );
    expect(imported).toContain('node:crypto');
    for (const name of imported)
      expect(name).toMatch(
        /^node:(crypto|fs|fs\/promises|net|os|path|timers\/promises|util|worker_threads|zlib)$/,
      );
  });

  it('imports by name only what Node.js 16 has: on one that is too old it starts, and says so', () => {
    const old =
      'Worker closeSync createHash createPrivateKey createPublicKey fstatSync isIP join mkdtemp openSync parentPort ' +
      'readFileSync readSync rm setTimeout sign statSync tmpdir verify writeFileSync';
    const text = readFileSync(built.file, 'utf8');
    const names = [...text.matchAll(/^import \{([^}]*)\} from "node:/gm)].flatMap(([, list = '']) =>
      list.split(',').map((one) => one.trim().replace(/ as .*/, '')),
    );
    expect(names).toContain('createHash');
    expect(names.filter((one) => !old.split(' ').includes(one))).toEqual([]);
  });

  it('checks a bundle in a folder that has nothing else, and refuses one that was changed', async () => {
    const { zip } = await bundleFixture({ size: 20, first: 3, last: 12 });
    const [bundle, changed] = [join(folder, 'bundle.zip'), join(folder, 'changed.zip')];
    writeFileSync(bundle, zip);
    writeFileSync(changed, zip.with(300, (zip[300] ?? 0) ^ 1));
    const keys = [LOG.key, EXPORTER.key].flatMap((key) => ['--vkey', encodeVerifierKey(key)]);
    expect(runProgram(built.file, [bundle, ...keys])).toMatchObject({ code: 0, err: '' });
    expect([1, 2]).toContain(runProgram(built.file, [changed, ...keys]).code);
  });
});
