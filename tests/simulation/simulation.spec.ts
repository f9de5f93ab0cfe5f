/**
 * @promise P03 what is due is gone in time, however years go
 * @promise P04 the same for entries
 * @promise P10 the same for people
 * @promise P31 the same for organizations: every deadline holds on every one, and nothing that is held is destroyed
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { checks } from './checks.ts';
import { simulate, type Simulated } from './simulation.ts';

/** Another: VOUCHSAFE_SIMULATION_SEED. `npm run test:long` is the long form, and plants faults. */
const SEED = Number(process.env.VOUCHSAFE_SIMULATION_SEED ?? 1);

let simulated: Simulated;

beforeAll(async () => {
  console.log(`A simulation of seed ${SEED}`);
  simulated = await simulate({ seed: SEED, organizations: 10, days: 420, stepDays: 20, trouble: 8 });
}, 600_000);

describe('fourteen months of ten organizations, and services that are killed', () => {
  it('organizations ended, came back, were held, deleted and certified', () => {
    const { happened, reached } = simulated;
    const kinds = [
      'close',
      'cancel',
      'come-back',
      'hold',
      'hold-member',
      'release',
      'erase-member',
      'record',
    ];
    expect([...kinds, 'attach', 'kill-identity'].filter((kind) => !happened.has(kind))).toEqual([]);
    // What is held, its owner cannot delete; what is being deleted, its owner cannot take back.
    expect(happened.has('no delete-attachment') && happened.has('no come-back')).toBe(true);
    expect(reached.get('deletion-certified')).toBeGreaterThan(0);
  });

  it.each(checks)('nothing is to be found of: $kind', ({ kind }) => {
    expect(simulated.findings.filter((finding) => finding.kind === kind)).toEqual([]);
  });
});
