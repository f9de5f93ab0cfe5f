import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { databaseRoles, type roleNames, type SqlMigration } from '@vouchsafe/database';
import { databases } from '../../tools/start/databases.ts';
import type { JestResults } from '../../tools/test/jest.ts';

/** A step of a database's schema as text; roles stand in it as `{{worker}}`. */
export interface Step {
  readonly name: string;
  readonly sql: string;
}

/** By database, every step that the built code of a clone or of an unpacked release brings it up to date by. */
export async function stepsOf(root: string): Promise<Map<string, Step[]>> {
  /** @param names today's, and those that former releases had for it */
  const exported = async <T>(file: string, ...names: readonly string[]): Promise<T> => {
    const module = (await import(pathToFileURL(path.join(root, file)).href)) as Record<string, T>;
    const found = names.map((name) => module[name]).find((value) => value !== undefined);
    if (found === undefined) throw new Error(`${file} exports no ${names.join(' or ')}`);
    return found;
  };
  type Steps = readonly SqlMigration[];
  const withPackages = await exported<(own: Steps) => Steps>(
    'libs/service-host/dist/index.js',
    'withSharedMigrations',
    'withRoomMigrations',
  );
  // A service that a former release did not have has no steps in it.
  const known = databases.filter(
    (database) => database === 'bus' || existsSync(path.join(root, 'services', database)),
  );
  const lists = known.map(async (database) => {
    const steps =
      database === 'bus'
        ? await exported<Steps>('libs/messaging/dist/index.js', 'busMigrations')
        : withPackages(
            await exported<Steps>(
              `services/${database}/dist/persistence/migrations.js`,
              `${database}Migrations`,
            ),
          );
    return [database, steps.map(({ name, sql }) => ({ name, sql: sql(placeholders) }))] as const;
  });
  return new Map(await Promise.all(lists));
}

const placeholders = Object.fromEntries(
  [...databaseRoles, 'lookup'].map((role) => [role, `{{${role}}}`]),
) as ReturnType<typeof roleNames>;

/** From now on everything in the unpacked release makes its databases by these steps; may be called again with others. */
export async function putInPlace(release: string, steps: Map<string, Step[]>): Promise<void> {
  await writeFile(path.join(release, 'todays-migrations.json'), JSON.stringify([...steps.values()]));
  for (const [folder, type] of [
    ['src', 'ts'],
    ['dist', 'js'],
  ] as const) {
    const file = (name: string) => path.join(release, 'libs/database', folder, `${name}.${type}`);
    if (!existsSync(file('former-migrations'))) await rename(file('migrations'), file('former-migrations'));
    await copyFile(path.join(import.meta.dirname, 'migrations.overlay.js'), file('migrations'));
  }
}

/** Runs suites of an unpacked release, by its own configuration of Jest. @returns how many passed, and the failures by name */
export async function runSuites(
  release: string,
  suites: readonly string[],
): Promise<{ readonly passed: number; readonly failed: readonly string[]; readonly said: string }> {
  const report = path.join(release, 'report.json');
  const args = [
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    path.join(release, 'node_modules/jest/bin/jest.js'),
    ...['--json', `--outputFile=${report}`, '--runTestsByPath', ...suites],
  ];
  const child = spawn(process.execPath, args, { cwd: release, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const results = JSON.parse(
    await readFile(report, 'utf8').catch(() => {
      throw new Error(`Jest left no report: ${said}`);
    }),
  ) as JestResults;
  const failed = results.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed')
    .map(({ fullName }) => fullName);
  const unloaded =
    results.numRuntimeErrorTestSuites > 0
      ? [`${results.numRuntimeErrorTestSuites} suites that do not load`]
      : [];
  return { passed: results.numPassedTests, failed: [...failed, ...unloaded], said };
}
