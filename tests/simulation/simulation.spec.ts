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
  simulated = await simulate({ seed: SEED, organizations: 10, days: 420, stepDays: 20, trouble: 5 });
}, 300_000);

describe('fourteen months of ten organizations, and a service that is killed', () => {
  it('organizations ended, came back, were held, deleted and certified', () => {
    const { happened, reached } = simulated;
    expect(Object.fromEntries(happened)).toMatchObject({
      ...{ close: expect.any(Number), 'come-back': expect.any(Number), hold: expect.any(Number) },
      ...{ release: expect.any(Number), 'erase-member': expect.any(Number), kill: expect.any(Number) },
    });
    expect(reached.get('deletion-certified')).toBeGreaterThan(0);
  });

  it.each(checks)('nothing is to be found of: $kind', ({ kind }) => {
    expect(simulated.findings.filter((finding) => finding.kind === kind)).toEqual([]);
  });

  it('time went on only when nothing was under way any more', () => {
    expect(simulated.unsettled).toEqual([]);
  });
});
