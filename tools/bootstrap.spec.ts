import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spaceComplaint } from './start/data-folder.ts';

const root = path.resolve(import.meta.dirname, '..');

interface Bootstrap {
  readonly nodeComplaint: (version: string) => string | undefined;
  readonly staleness: (root: string) => string | undefined;
  readonly installComplaint: (output: string) => string;
}
interface Lock {
  readonly packages: Record<string, { version?: string; integrity?: string; optional?: boolean }>;
}
interface LockTool {
  readonly missingEntries: (lock: { packages: Record<string, object> }) => Record<string, object>;
}

// Plain JavaScript for the old Node: the compiler need not look into it.
const scripts: Readonly<Record<'bootstrap' | 'lock', string>> = {
  bootstrap: './bootstrap.mjs',
  lock: './lock-every-platform.mjs',
};
const { nodeComplaint, staleness, installComplaint } = (await import(scripts.bootstrap)) as Bootstrap;
const { missingEntries } = (await import(scripts.lock)) as LockTool;

describe('the bootstrap', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function clone(present: Lock | undefined, wanted: Lock): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-bootstrap-'));
    folders.push(folder);
    await writeFile(path.join(folder, 'package-lock.json'), JSON.stringify(wanted));
    await mkdir(path.join(folder, 'node_modules'));
    for (const place of Object.keys(present?.packages ?? {}))
      await mkdir(path.join(folder, place), { recursive: true });
    if (present)
      await writeFile(path.join(folder, 'node_modules/.package-lock.json'), JSON.stringify(present));
    return folder;
  }
  const lock = (version: string): Lock => ({
    packages: {
      'node_modules/one': { version, integrity: `sha512-${version}` },
      'node_modules/only-on-a-mac': { version: '1.0.0', optional: true },
    },
  });
  const without = (name: string, { packages }: Lock): Lock => ({
    packages: Object.fromEntries(Object.entries(packages).filter(([place]) => place !== name)),
  });

  it('takes Node 20 and newer, and says what to do about an older one', () => {
    expect(nodeComplaint('20.0.0')).toBeUndefined();
    expect(nodeComplaint('24.1.0')).toBeUndefined();
    expect(nodeComplaint('18.19.0')).toContain('needs Node 20 or newer; this is Node 18.19.0');
  });

  it('installs where packages are missing, half there or of another version, and not otherwise', async () => {
    const wanted = lock('1.0.0');
    expect(staleness(await clone(undefined, wanted))).toContain('not installed');
    expect(staleness(await clone(wanted, wanted))).toBeUndefined();
    expect(staleness(await clone(without('node_modules/only-on-a-mac', wanted), wanted))).toBeUndefined();
    expect(staleness(await clone(without('node_modules/one', wanted), wanted))).toContain(
      'one is not the version',
    );
    expect(staleness(await clone(lock('0.9.0'), wanted))).toContain('one is not the version');
  });

  it('installs where the folder of a recorded package is missing, in a workspace as well as at the root', async () => {
    const nested = 'benchmarks/node_modules/two';
    const wanted: Lock = { packages: { ...lock('1.0.0').packages, [nested]: { version: '2.0.0' } } };
    const folder = await clone(wanted, wanted);
    expect(staleness(folder)).toBeUndefined();
    await rm(path.join(folder, 'benchmarks/node_modules'), { recursive: true });
    expect(staleness(folder)).toBe(`${nested} is missing`);
    // A clone without the workspace needs none of its packages.
    await rm(path.join(folder, 'benchmarks'), { recursive: true });
    expect(staleness(folder)).toBeUndefined();
    await rm(path.join(folder, 'node_modules/one'), { recursive: true });
    expect(staleness(folder)).toBe('node_modules/one is missing');
  });

  it.each([
    ['npm error code ENOTFOUND', 'no package registry answered (ENOTFOUND)'],
    ['npm error network ECONNREFUSED', 'no package registry answered (ECONNREFUSED)'],
    ['ENOENT', 'npm was not found'],
    ['npm error nospc ENOSPC: no space left', 'The disk is full'],
    ['npm error EACCES: permission denied', 'may not write node_modules'],
    ['npm error something else', 'npm ci failed'],
  ])('says what to do when npm says %s', (output, words) => {
    expect(installComplaint(output)).toContain(words);
  });

  it.each(['start', 'verifier'])(
    'npm run %s runs on built-ins alone, without a package installed, and names the network when there is none',
    async (command) => {
      const folder = await clone(undefined, lock('1.0.0'));
      await cp(path.join(root, 'tools'), path.join(folder, 'tools'), { recursive: true });
      await mkdir(path.join(folder, 'libs/verify'), { recursive: true });
      await cp(
        path.join(root, 'libs/verify/single-file.mjs'),
        path.join(folder, 'libs/verify/single-file.mjs'),
      );
      const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
        scripts: Record<string, string>;
      };
      await writeFile(
        path.join(folder, 'package.json'),
        JSON.stringify({ name: 'empty', version: '1.0.0', scripts, dependencies: { one: '1.0.0' } }),
      );
      const packages = {
        '': { name: 'empty', version: '1.0.0', dependencies: { one: '1.0.0' } },
        'node_modules/one': { version: '1.0.0', integrity: 'sha512-AAAA' },
      };
      await writeFile(
        path.join(folder, 'package-lock.json'),
        JSON.stringify({ name: 'empty', version: '1.0.0', lockfileVersion: 3, packages }),
      );
      const { status, stdout, stderr } = spawnSync('npm', ['run', command], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          ...process.env,
          // Nothing listens on port 9 of this machine.
          npm_config_registry: 'http://127.0.0.1:9/',
          npm_config_fetch_retries: '0',
          npm_config_cache: path.join(folder, 'cache'),
        },
      });
      expect(stdout).toContain('Installing packages (npm ci)');
      expect(stderr).toContain('no package registry answered (ECONNREFUSED)');
      expect(status).toBe(1);
    },
  );
});

describe('package-lock.json', () => {
  it('names the optional packages of every platform (npm run lock adds them), and no download address', async () => {
    const text = await readFile(path.join(root, 'package-lock.json'), 'utf8');
    expect(Object.keys(missingEntries(JSON.parse(text) as { packages: Record<string, object> }))).toEqual([]);
    expect(text).not.toMatch(/"resolved": "http/);
  });

  it('is found incomplete when one is missing', () => {
    const packages = {
      'node_modules/swc': { optionalDependencies: { '@swc/core-linux-arm64-musl': '1.2.3' } },
    };
    expect(missingEntries({ packages })).toEqual({
      'node_modules/@swc/core-linux-arm64-musl': {
        version: '1.2.3',
        cpu: ['arm64'],
        os: ['linux'],
        libc: ['musl'],
        optional: true,
      },
    });
  });
});

describe('a disk', () => {
  it('with little space is mentioned, with next to none refused', () => {
    const megabyte = 1024 * 1024;
    expect(spaceComplaint(10_000 * megabyte, '/data')).toBeUndefined();
    expect(spaceComplaint(1000 * megabyte, '/data')?.refuse).toBe(false);
    expect(spaceComplaint(100 * megabyte, '/data')).toEqual({
      refuse: true,
      message: expect.stringContaining('100 MB are free'),
    });
  });
});
