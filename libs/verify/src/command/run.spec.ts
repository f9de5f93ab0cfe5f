import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeVerifierKey } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, bundleFixture } from '../bundle.fixture.js';
import { run } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-run-'));
const bundle = join(folder, 'bundle.zip');
const broken = join(folder, 'broken.zip');
const keys = join(folder, 'keys.vkey');
const [logKey, manifestKey] = [LOG.key, EXPORTER.key].map(encodeVerifierKey) as [string, string];

beforeAll(async () => {
  const { zip } = await bundleFixture({ size: 20, first: 3, last: 12 });
  writeFileSync(bundle, zip);
  const at = zip.indexOf('"outcome":"success"');
  writeFileSync(
    broken,
    Buffer.concat([zip.subarray(0, at), Buffer.from('"outcome":"succesS"'), zip.subarray(at + 19)]),
  );
  writeFileSync(keys, `# keys of audit.example.com\n${logKey}\n${manifestKey}\n`);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vouchsafe-verify', () => {
  it.each([
    ['holds: 0, keys from a file', () => ['--vkey', keys], 0, 'HOLDS, against the keys that you gave'],
    ['holds: 0, keys on the command line', () => ['--vkey', logKey, '--vkey', manifestKey], 0, 'HOLDS'],
    ['is checked against its own keys alone: 3', () => [], 3, 'ONLY AGAINST THE KEYS INSIDE IT'],
    ['has a key missing: 1', () => ['--vkey', logKey], 1, 'DOES NOT HOLD'],
    ['comes with a key that is none: no verdict', () => ['--vkey', 'nonsense'], 64, 'neither a verifier key'],
    ['comes with an option that is none: no verdict', () => ['--force'], 64, 'Usage'],
    ['comes with --vkeys, which is none: no verdict', () => ['--vkeys', keys], 64, 'Usage'],
    ['comes twice: no verdict', () => [bundle], 64, 'one file'],
  ] as const)('says of a bundle that %s', async (_, args, code, words) => {
    const { code: got, out } = await run([bundle, ...args()]);
    expect(out).toContain(words);
    expect(got).toBe(code);
  });

  it('names the file and the line that does not hold: 1', async () => {
    const { code, out } = await run([broken, '--vkey', keys]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /log-0123456789abcdef\/entries\.ndjson, line \d+: the log has another entry at index \d+/,
    );
  });

  it('says that a file cannot be read: 2', async () => {
    expect(await run([join(folder, 'missing.zip')])).toMatchObject({ code: 2 });
    expect((await run([keys])).out).toContain('CANNOT BE READ');
    expect(await run([folder])).toMatchObject({ code: 2 });
    expect(await run([])).toMatchObject({ code: 64 });
  });

  it('explains itself', async () => {
    const usage = expect.stringContaining('Usage: vouchsafe-verify');
    for (const word of ['--help', '-h']) expect(await run([word])).toMatchObject({ code: 0, out: usage });
  });

  it('does not end with 0 for a bundle that is named --help', async () => {
    for (const args of [
      ['--help', '--vkey', keys],
      [bundle, '--help'],
      ['-', '-h'],
    ])
      expect(await run(args)).toMatchObject({ kind: 'wrong-usage', code: 64 });
  });
});
