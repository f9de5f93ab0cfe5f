import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const cruiser = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Packages {
  readonly libs: readonly { readonly name: string; readonly imports: readonly string[] }[];
}
interface Report {
  readonly summary: { readonly violations: readonly { from: string; rule: { name: string } }[] };
}

/** One breach of each rule: where it stands, and what stands there. */
const planted: Readonly<Record<string, { file: string; code: string }>> = {
  'services-do-not-import-one-another': {
    file: 'services/audit/src/peek.ts',
    code: `import { user } from '../../identity/src/user/user.decider.js'; user;`,
  },
  'libs-do-not-import-services': {
    file: 'libs/vault/src/upwards.ts',
    code: `import { user } from '../../../services/identity/src/user/user.decider.js'; user;`,
  },
  'production-code-does-not-import-tests-or-tools': {
    file: 'services/gateway/src/shortcut.ts',
    code: `import { testPostgres } from '@vouchsafe/testing'; testPostgres;`,
  },
  'packages-are-imported-by-their-index': {
    file: 'services/gateway/src/window.ts',
    code: `import { hidden } from '../../../libs/vault/src/hidden.js'; hidden;`,
  },
  'pure-code-imports-only-pure-code': {
    file: 'services/identity/src/consent/consent.decider.ts',
    code: `import { readFile } from 'node:fs'; import { decider } from '@vouchsafe/event-sourcing'; decider({ readFile });`,
  },
  'pure-slices-import-only-pure-slices': {
    file: 'services/identity/src/user/user.events.ts',
    code: `import { rows } from './user.projection.js'; rows;`,
  },
  'pure-code-does-not-hash': {
    file: 'libs/event-sourcing/src/hash.ts',
    code: `import { createHash } from 'node:crypto'; createHash;`,
  },
  'only-entities-and-the-database-know-mikroorm': {
    file: 'services/identity/src/organization/organizations.ts',
    code: `import { MikroORM } from '@mikro-orm/core'; MikroORM;`,
  },
  'the-verifier-shares-no-code-with-a-writer': {
    file: 'libs/verify/src/entries/draw.ts',
    code: `import { csvRow } from '../../../forensic-bundle/src/csv.js'; csvRow;`,
  },
  'mikroorm-is-loaded-when-asked-for': {
    file: 'libs/database/src/eager.ts',
    code: `import { migrateDatabase } from './migrations.js'; migrateDatabase;`,
  },
  'no-circular': {
    file: 'libs/messaging/src/back.ts',
    code: `import type { There } from './there.js'; export type Back = There | null;`,
  },
  'every-import-resolves': {
    file: 'services/audit/src/nowhere.ts',
    code: `import { nothing } from './never-written.js'; nothing;`,
  },
};

/** What the breaches look at. */
const scenery: Readonly<Record<string, string>> = {
  'services/identity/src/user/user.decider.ts': `export const user = 1;`,
  'services/identity/src/user/user.projection.ts': `export const rows = 1;`,
  'services/identity/src/badge/badge.entity.ts': `import { p } from '@mikro-orm/core'; p;`,
  'libs/database/src/migrations.ts': `import { MikroORM } from '@mikro-orm/core'; export const migrateDatabase = MikroORM;`,
  'libs/database/src/lazy.ts': `export const lazy = () => import('./migrations.js');`,
  'libs/vault/src/hidden.ts': `export const hidden = 1;`,
  'libs/forensic-bundle/src/csv.ts': `export const csvRow = 1;`,
  'libs/messaging/src/there.ts': `import type { Back } from './back.js'; export type There = { back: Back };`,
  'libs/messaging/src/egg.ts': `import { hen } from './hen.js'; export const egg = () => hen;`,
  'libs/messaging/src/hen.ts': `import { egg } from './egg.js'; export const hen = () => egg;`,
};

describe('the rules of who may import whom', () => {
  let workspace: string;
  let packages: Packages;
  let rules: readonly string[];
  let found: Report['summary']['violations'];

  beforeAll(async () => {
    packages = JSON.parse(
      await readFile(path.join(import.meta.dirname, 'packages.json'), 'utf8'),
    ) as Packages;
    const listing = execFileSync(
      process.execPath,
      [
        '-e',
        `import('./tools/rules/dependency-rules.mjs').then((m) => console.log(JSON.stringify(m.forbidden.map((rule) => rule.name))))`,
      ],
      { cwd: root, encoding: 'utf8' },
    );
    rules = JSON.parse(listing) as string[];
    workspace = await plantedWorkspace(packages);
    found = cruise(workspace);
  });
  afterAll(() => rm(workspace, { recursive: true }));

  it('have a planted breach each', () => {
    const perPackage = packages.libs.map(({ name }) => `${name}-imports-only-packages-below`);
    expect([...rules].sort()).toEqual([...perPackage, ...Object.keys(planted)].sort());
  });

  it.each(Object.entries(planted))('catch a breach of %s', (rule, { file }) => {
    expect(breaches(found)).toContain(`${file}: ${rule}`);
  });

  it('catch a circle of values as they catch one of types', () => {
    expect(breaches(found)).toContain('libs/messaging/src/egg.ts: no-circular');
  });

  it('catch each package that imports a package which is not below it', () => {
    const wanted = packages.libs.map(
      ({ name }) => `libs/${name}/src/too-high.ts: ${name}-imports-only-packages-below`,
    );
    expect(breaches(found)).toEqual(expect.arrayContaining(wanted));
  });

  it('let a spec use what helps a test, and a package what is below it', () => {
    const allowed = ['libs/vault/src/vault.spec.ts', 'libs/vault/src/index.ts'];
    expect(found.filter(({ from }) => allowed.includes(from))).toEqual([]);
  });

  it('let an entity and the database know MikroORM, and load it when it is asked for', () => {
    const allowed = ['services/identity/src/badge/badge.entity.ts', 'libs/database/src/migrations.ts'];
    const breached = found.filter(({ from }) => [...allowed, 'libs/database/src/lazy.ts'].includes(from));
    // This small workspace has no packages.
    expect(breached.filter(({ rule }) => rule.name !== 'every-import-resolves')).toEqual([]);
  });

  it('list the packages in an order in which each imports only packages before it', () => {
    const before = new Set<string>();
    for (const { name, imports } of packages.libs) {
      expect([name, imports.filter((name) => !before.has(name))]).toEqual([name, []]);
      before.add(name);
    }
  });
});

function breaches(found: Report['summary']['violations']): string[] {
  return found.map(({ from, rule }) => `${from}: ${rule.name}`);
}

/** A small workspace of the same shape, with every breach in it. */
async function plantedWorkspace(packages: Packages): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-rules-'));
  const write = async (file: string, text: string) => {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  };
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'tsconfig.base.json', 'tools/rules']) {
    await cp(path.join(root, file), path.join(folder, file), { recursive: true });
  }
  await write('package.json', '{ "type": "module" }');
  await mkdir(path.join(folder, 'node_modules/@vouchsafe'), { recursive: true });
  for (const { name, imports } of packages.libs) {
    await cp(path.join(root, 'libs', name, 'package.json'), path.join(folder, 'libs', name, 'package.json'));
    await symlink(path.join(folder, 'libs', name), path.join(folder, 'node_modules/@vouchsafe', name));
    const below = imports.map(
      (name) =>
        `import * as ${name.replaceAll('-', '')} from '@vouchsafe/${name}'; ${name.replaceAll('-', '')};`,
    );
    await write(`libs/${name}/src/index.ts`, `${below.join('\n')}\nexport const value = 1;`);
    const tooHigh = name === 'testing' ? 'verify' : 'testing';
    await write(`libs/${name}/src/too-high.ts`, `import { value } from '@vouchsafe/${tooHigh}'; value;`);
  }
  await write('libs/vault/src/vault.spec.ts', `import { value } from '@vouchsafe/testing'; value;`);
  for (const [file, code] of Object.entries(scenery)) await write(file, code);
  for (const { file, code } of Object.values(planted)) await write(file, code);
  return folder;
}

function cruise(cwd: string): Report['summary']['violations'] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      cruiser,
      '--config',
      '.dependency-cruiser.mjs',
      '--no-cache',
      '--output-type',
      'json',
      'libs',
      'services',
    ],
    { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as Report).summary.violations;
}
