import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checks } from './checks.ts';
import { EVERY_LIFE } from './plan.ts';
import { isCaught, planted, planting } from './plants.ts';
import { simulate, type Simulated } from './simulation.ts';

const YEARS = 3;
/** Enough for a year's retention, and for a deletion from its beginning to its certificate; always the same, in which each fault shows. */
const fewMonths = {
  seed: 1,
  organizations: EVERY_LIFE,
  days: 440,
  stepDays: 20,
  trouble: 5,
  settledWithinMs: 3_000,
} as const;

/** Three years of many organizations, and then some months of a few for each set of planted faults. @returns whether nothing was wrong */
export async function deadlinesHold(
  seed: number,
  organizations: number,
  signal: AbortSignal,
): Promise<boolean> {
  console.log(`Seed ${seed}: ${organizations} organizations over ${YEARS} years.`);
  const began = performance.now();
  const simulated = await simulate({
    ...{ seed, organizations, days: YEARS * 365, stepDays: 20, trouble: 8, signal },
    say: (line) => {
      console.log(line);
    },
  });
  console.log(`It took ${((performance.now() - began) / 1000).toFixed(0)} s.`);
  tell(simulated);
  const missed = await missedPlants(signal);
  const failed = new Set(simulated.findings.map(({ kind }) => kind)).size + missed;
  console.log(`${checks.length + planted.flat().length - failed} passed, ${failed} failed, 0 skipped`);
  if (signal.aborted) console.log('It was stopped before its end.');
  return failed === 0 && !signal.aborted;
}

function tell({ findings, happened, reached, unsettled }: Simulated): void {
  for (const [name, count] of [...happened, ...reached]) console.log(`${name.padEnd(30)} ${count}`);
  for (const { kind } of checks)
    console.log(`${kind.padEnd(75)} ${findings.filter((finding) => finding.kind === kind).length}`);
  for (const { kind, what } of findings.slice(0, 20)) console.log(`  ${kind}: ${what}`);
  if (unsettled.length > 0) console.log(`Still under way when time went on: ${unsettled.join('; ')}`);
}

/** @returns how many planted faults nobody saw */
async function missedPlants(signal: AbortSignal): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-planted-'));
  let missed = 0;
  try {
    for (const plants of planted) {
      if (signal.aborted) return missed;
      const env = await planting(plants, path.join(folder, 'planted.json'));
      const keptDays = plants.find((plant) => plant.keptDays !== undefined)?.keptDays;
      const { findings } = await simulate({ ...fewMonths, signal, env, ...(keptDays && { keptDays }) });
      for (const plant of plants) {
        const caught = isCaught(plant, findings);
        if (!caught) missed += 1;
        console.log(`${caught ? 'caught' : 'NOT CAUGHT'}: ${plant.name}`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return missed;
}
