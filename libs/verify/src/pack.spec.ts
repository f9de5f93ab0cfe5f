import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { encodeVerifierKey } from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, bundleFixture } from './bundle.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-pack-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the published package', () => {
  it('installs offline into an empty folder, and checks a bundle there', async () => {
    execFileSync(process.execPath, [join(import.meta.dirname, '../pack.mjs'), folder], { stdio: 'pipe' });
    const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true,"type":"module"}');
    const install = ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`];
    execFileSync('npm', install, { cwd: folder, stdio: 'pipe' });
    // Large enough to be checked in several threads.
    const { zip } = await bundleFixture({ size: 12_000, first: 0, last: 11_999 });
    expect(zip.length).toBeGreaterThan(16 * 1024 * 1024);
    writeFileSync(join(folder, 'bundle.zip'), zip);
    const keys = [LOG.key, EXPORTER.key].flatMap((key) => ['--vkey', encodeVerifierKey(key)]);
    const command = join(folder, 'node_modules/.bin/vouchsafe-verify');
    const ran = spawnSync(command, ['bundle.zip', ...keys], { cwd: folder, encoding: 'utf8' });
    expect(`${ran.stdout}${ran.stderr}`).toContain('HOLDS');
    expect(ran.status).toBe(0);
    writeFileSync(
      join(folder, 'use.ts'),
      "import { verifyBundle } from '@vouchsafe/verify';\nexport const x: number = verifyBundle;\n",
    );
    const tsc = join(import.meta.dirname, '../../../node_modules/.bin/tsc');
    const options = ['--noEmit', '--skipLibCheck', '--ignoreConfig', '--module', 'nodenext', 'use.ts'];
    const typed = spawnSync(tsc, options, { cwd: folder, encoding: 'utf8' });
    expect(typed.stdout).toContain("Promise<Verification>' is not assignable to type 'number'");
  }, 180_000);
});
