import type { BundleFiles } from '../container/bundle-files.js';
import { logFile } from '../container/names.js';
import type { ProvenTiles } from '../log/verify-tiles.js';
import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { countIndices } from '../manifest/ranges.js';
import { check, errorOf, type Refusal } from '../problem.js';
import { checkOrder, checkRun, type CheckedRun, type Run } from './check-run.js';
import { drawnFile, type DrawnFile } from './drawn-file.js';
import { DRAWN_FORMATS } from './drawn-formats.js';
import { runReader, type ReadCounts } from './runs.js';
import { timesBefore, type TimesBefore } from './times-before.js';

/** Calls `checkRun`, in this thread or in others. `check` rejects only where one of them failed, which is no verdict. */
export type RunChecker = {
  readonly check: (run: Run) => Promise<CheckedRun>;
  /** How many runs are handed over before the first is waited for. */
  readonly ahead: number;
  readonly close: () => Promise<void>;
};

export const IN_THIS_THREAD: RunChecker = {
  check: (run) => Promise.resolve(checkRun(run)),
  ahead: 1,
  close: () => Promise.resolve(),
};

/**
 * Step 4: each entry stands in the log at its index, what is opened of it is its own, it is what the manifest says of
 * it, and the files that are drawn from the entries say the same. Goes once through all these files, side by side. The
 * results are taken in the order of the entries, whichever thread they come from: so the first entry that does not hold is
 * the one that is reported.
 */
export async function verifyEntries(
  manifest: Manifest,
  log: ManifestLog,
  files: BundleFiles,
  tiles: ProvenTiles,
  checker: RunChecker,
): Promise<VerifiedEntries> {
  const reader = runReader(manifest, log, files, tiles);
  const drawn = (name: 'csv' | 'ocsf'): DrawnFile => drawnFile(files.cursor(logFile(log.id, name)));
  const [csv, ocsf] = [drawn('csv'), drawn('ocsf')];
  const times = timesBefore([...log.earlierCheckpoints, log.size]);
  let recordedAt = '';
  let ofVersion1 = 0;

  const header = Buffer.from(DRAWN_FORMATS[manifest.version].csvHeader);
  csv.expect({ bytes: header, ends: [header.length] });
  const take = async ({ run, checked, refusal }: HandedOver): Promise<void> => {
    const found = await checked;
    const [first] = found.recordedAt;
    if (first !== undefined) checkOrder(recordedAt, first, logFile(log.id, 'entries'), run.firstLine);
    const because = found.refusal ?? refusal;
    if (because) throw errorOf(because);
    for (const [nth, { index }] of run.entries.entries()) {
      const time = found.recordedAt[nth];
      if (time === undefined) throw new Error(`The entry of index ${index} was not checked`);
      times.add(index, time);
    }
    recordedAt = found.recordedAt.at(-1) ?? recordedAt;
    ofVersion1 += found.ofVersion1;
    csv.expect(found.csv);
    ocsf.expect(found.ocsf);
  };
  await inOrder(reader.runs(), checker, take);
  const read = reader.end();
  csv.end();
  ocsf.end();
  checkCounts(manifest, log, read);
  return { recordedBefore: times.before, ofVersion1 };
}

export type VerifiedEntries = {
  readonly recordedBefore: TimesBefore['before'];
  /** How many entries do not say who submitted them. */
  readonly ofVersion1: number;
};

type HandedOver = {
  readonly run: Run;
  readonly checked: Promise<CheckedRun>;
  readonly refusal: Refusal | undefined;
};

/** Hands runs over ahead, and takes their results in the order of the runs. */
async function inOrder(
  runs: ReturnType<ReturnType<typeof runReader>['runs']>,
  checker: RunChecker,
  take: (next: HandedOver) => Promise<void>,
): Promise<void> {
  const waiting: HandedOver[] = [];
  for (const { run, refusal } of runs) {
    const checked = checker.check(run);
    // A rejection is reported when its turn comes. Until then Node.js must not take it for one that nobody handles.
    checked.catch(() => undefined);
    waiting.push({ run, checked, refusal });
    const next = waiting.length >= checker.ahead ? waiting.shift() : undefined;
    if (next) await take(next);
  }
  for (const next of waiting) await take(next);
}

/** The figures of the manifest, and its claim. */
function checkCounts({ claim }: Manifest, log: ManifestLog, read: ReadCounts): void {
  const file = logFile(log.id, 'entries');
  const saysEntries = `it has ${read.entries} entries, the manifest says ${log.entries}`;
  check(read.entries === log.entries, file, saysEntries);
  const saysDisclosures = `it opens ${read.disclosures} values, the manifest says ${log.disclosures}`;
  check(read.disclosures === log.disclosures, logFile(log.id, 'disclosures'), saysDisclosures);
  const indices = [
    read.first,
    read.entries > 0 ? read.last : undefined,
    log.expired[0]?.[0],
    log.expired.at(-1)?.[1],
  ];
  const known = indices.filter((index) => index !== undefined);
  const [first, last] = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [null, null];
  const isRange = first === log.first && last === log.last;
  check(isRange, file, 'its first or last index is not that of the manifest');
  if (claim === 'inclusion' || first === null) return;
  const missing = last - first + 1 - read.entries - countIndices(log.expired);
  const gap = `the manifest claims a contiguous range, but ${missing} entries of it are left out`;
  check(missing === 0, file, gap);
}
