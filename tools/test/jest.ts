import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Tally } from './step.ts';

/** The part of Jest's `--json` that is counted. */
export interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Tests that may be skipped even where CI is set, each with its reason. */
const allowedSkips: Readonly<Record<string, string>> = {};

/**
 * Runs every suite, or those whose path matches a pattern; Jest's own report goes to the terminal as it comes.
 * @param isLong the suites that `npm test` leaves out, and only those
 */
export async function runJest(
  root: string,
  patterns: readonly string[],
  ci: boolean,
  isLong = false,
): Promise<Tally> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-jest-'));
  // Postgres may run as a user of its own, who must be able to pass to what suites make in it.
  await chmod(folder, 0o711);
  const report = path.join(folder, 'report.json');
  const args = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    path.join(root, 'node_modules/jest/bin/jest.js'),
    '--json',
    `--outputFile=${report}`,
    ...patterns,
  ];
  // With --json, Jest's words for people go to standard error and the report to standard output as well.
  const env = {
    ...process.env,
    VOUCHSAFE_TEST_RUN_FOLDER: folder,
    ...(isLong && { VOUCHSAFE_TEST_LONG: '1' }),
  };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const text = await readFile(report, 'utf8').catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  if (text === undefined) {
    console.log(`Jest ended with code ${code ?? 'none'} and left no report.`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const { tally, complaints } = tallyOf(JSON.parse(text) as JestResults, ci, allowedSkips);
  for (const complaint of complaints) console.log(complaint);
  return tally;
}

/** Counts a report. A suite that did not even load is one failure; with CI set, so is a skip that nobody allowed. */
export function tallyOf(
  results: JestResults,
  ci: boolean,
  allowed: Readonly<Record<string, string>>,
): { tally: Tally; complaints: string[] } {
  const skipped = results.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending' || status === 'todo');
  const refused = ci ? skipped.filter(({ fullName }) => !(fullName in allowed)) : [];
  const counted = results.numFailedTests + results.numRuntimeErrorTestSuites + refused.length;
  // Jest fails for reasons that no test stands for, too (an obsolete snapshot, a failed global set-up).
  const failed = counted === 0 && !results.success ? 1 : counted;
  return {
    tally: {
      passed: results.numPassedTests,
      failed,
      skipped: results.numPendingTests + results.numTodoTests - refused.length,
    },
    complaints: [
      ...skipped.map(
        ({ fullName }) => `skipped: ${fullName}${allowed[fullName] ? ` (${allowed[fullName]})` : ''}`,
      ),
      ...(refused.length > 0 ? [`${refused.length} skipped although CI is set: each counts as failed.`] : []),
    ],
  };
}
