import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

// The compiler and the linter read the libraries below: half a minute on a machine that is doing nothing else.
jest.setTimeout(300_000);

describe('npm run generate', () => {
  let workspace: string;
  beforeAll(async () => {
    workspace = await mkdtemp(path.join(tmpdir(), 'vouchsafe-generate-'));
    for (const file of [
      'tools/generate',
      'tools/start',
      'libs',
      'package.json',
      'tsconfig.base.json',
      'jest.config.js',
      'eslint.config.js',
      '.prettierrc.json',
      'tools/rules',
    ]) {
      await cp(path.join(root, file), path.join(workspace, file), {
        recursive: true,
        filter: (source) => !/\/(dist|node_modules)(\/|$)/.test(source.slice(root.length)),
      });
    }
    for (const folder of ['services/identity/src', 'tests'])
      await mkdir(path.join(workspace, folder), { recursive: true });
    await writeFile(path.join(workspace, 'services/identity/package.json'), '{ "type": "module" }');
    await writeFile(
      path.join(workspace, 'tsconfig.json'),
      '{ "extends": "./tsconfig.base.json", "compilerOptions": { "noEmit": true }, "include": ["services/*/src"] }',
    );
    await symlink(path.join(root, 'node_modules'), path.join(workspace, 'node_modules'));
  });
  afterAll(() => rm(workspace, { recursive: true }));

  function run(program: string, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program.split(' '), ...args], {
      cwd: workspace,
      encoding: 'utf8',
    });
    return { status, said: `${stdout}${stderr}` };
  }

  it('writes a slice that compiles, keeps the style and passes its spec', () => {
    const written = run('tools/generate/generate.ts', 'slice', 'identity', 'loyalty-badge');
    expect(written).toEqual({ status: 0, said: expect.stringContaining('loyalty-badge.controller.ts') });
    expect(written.said).toContain('LoyaltyBadgeController');
    expect(run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')).toEqual({ status: 0, said: '' });
    expect(run('node_modules/prettier/bin/prettier.cjs', '--check', 'services/identity/src')).toEqual({
      status: 0,
      said: expect.stringContaining('All matched files use Prettier code style'),
    });
    expect(run('node_modules/eslint/bin/eslint.js', 'services')).toEqual({ status: 0, said: '' });
    expect(run('--experimental-vm-modules node_modules/jest/bin/jest.js', 'services/identity')).toEqual({
      status: 0,
      said: expect.stringContaining('2 passed, 2 total'),
    });
  });

  it('writes over nothing, and refuses what is no service, no noun, or no name for a service', () => {
    const generate = (...args: string[]) => run('tools/generate/generate.ts', ...args);
    expect(generate('slice', 'identity', 'loyalty-badge').said).toContain(
      'already exists; nothing was written',
    );
    expect(generate('slice', 'nowhere', 'badge').said).toContain('There is no service "nowhere"');
    expect(generate('slice', '../tools', 'badge').status).toBe(64);
    expect(generate('slice', 'identity', 'Badge').said).toContain('A noun must be written like api-key');
    expect(generate('slice', 'identity').said).toContain('npm run generate -- slice');
    expect(generate('service', 'audit').said).toContain('The service audit already exists');
    expect(generate('service', '../tools').said).toContain(
      'The name of a service must be one word of lower-case letters',
    );
    expect(generate('service', 'postgres').status).toBe(64);
  });
});
