/**
 * @promise P23 the same for a whole system that is broken again and again
 * @promise P31 what clients were told, what Stripe has and what is recorded agree, however the system is broken
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@vouchsafe/contracts';
import { type Finding, type Kind, kinds } from './checker/finding.ts';
import { type FaultRun, startFaultRun } from './harness.ts';
import { plantedAtStripe } from './planted-at-stripe.ts';
import { randomOf } from './random.ts';
import { orders, roundOf } from './schedule.ts';

/** Fixed, so that the same things go wrong at every run; another: VOUCHSAFE_FAULT_SEED. `npm run test:long` is the long form. */
const SEED = Number(process.env.VOUCHSAFE_FAULT_SEED ?? 8);
const KILLS = 12;

let run: FaultRun;
const findings: Finding[] = [];

beforeAll(async () => {
  console.log(`Faults of seed ${SEED}`);
  run = await startFaultRun({ seed: SEED });
  // On CI nothing may be left out.
  if (process.env.CI) expect(run.noDisk).toBeNull();
  const random = randomOf(SEED);
  const short = orders.slice(0, 3);
  for (let nth = 0; nth < short.length || killed() < KILLS; nth += 1)
    findings.push(...(await run.round(roundOf(random, short[nth] ?? []))));
}, 600_000);
afterAll(() => run.stop(), 120_000);

const killed = () => [...run.kills.values()].reduce((sum, count) => sum + count, 0);

describe('after services and the database were killed, frozen, starved and confused under load', () => {
  it('there was a load, and there were faults', () => {
    expect(killed()).toBeGreaterThanOrEqual(KILLS);
    expect(new Set(run.kills.keys())).toEqual(new Set([...serviceNames, 'postgres']));
    expect(run.memory.answered.filter(({ status }) => status < 300).length).toBeGreaterThan(300);
    expect(run.memory.lost.size).toBeGreaterThan(0);
    expect(run.memory.batches.filter(({ locations }) => locations).length).toBeGreaterThan(50);
    expect(run.memory.checkpoints.length).toBeGreaterThan(5);
    const subscribed = run.memory.creations.filter(({ what, id }) => what === 'subscription' && id !== null);
    expect(subscribed.length).toBeGreaterThan(5);
    expect(run.memory.cancelled.length).toBeGreaterThan(5);
  });

  it.each(kinds)('nothing is to be found of: %s', (kind) => {
    expect(findings.filter((finding) => finding.kind === kind)).toEqual([]);
  });
});

/** A test of the test: a mistake of each kind, planted in the real databases, is seen. */
describe('the checker', () => {
  it('finds nothing where nothing is planted', async () => {
    expect(await run.checkAgain()).toEqual([]);
  });

  const acknowledged = () => {
    const location = run.memory.batches.findLast(({ locations }) => locations)?.locations?.[0];
    if (!location) throw new Error('Nothing was acknowledged');
    return location;
  };
  const answered = () => {
    const found = run.memory.answered.findLast(({ status }) => status === 200);
    if (!found) throw new Error('Nothing was answered');
    return found.requestId;
  };
  const entryAt = () => `log_id = '${acknowledged().logId}' and index = ${acknowledged().index}`;
  const columns = `organization_id, log_id, recorded_at, occurred_at, operation, outcome, words, disclosable, leaf`;

  const planted: readonly (readonly [Kind, string, () => Parameters<FaultRun['checkAgain']>])[] = [
    [
      'acknowledged and missing',
      'an entry that was acknowledged is not there',
      () => [{ audit: `delete from entry where ${entryAt()}` }],
    ],
    [
      'acknowledged and missing',
      'a fact of identity never became an entry',
      () => [{ audit: `delete from entry where operation = 'identity.organization-renamed'` }],
    ],
    [
      'acknowledged and missing',
      'an event never left its service',
      () => [
        {
          identity:
            'delete from outgoing where (lane, number) in (select lane, max(number) from outgoing group by lane)',
        },
      ],
    ],
    [
      'acknowledged and missing',
      'a change that was answered is not in identity',
      () => [{ identity: `delete from event where type = 'organization-renamed'` }],
    ],
    [
      'doubled',
      'an entry stands twice',
      () => [
        {
          audit: `insert into entry (index, ${columns}) select log.size, ${columns.replaceAll(/\w+/g, 'entry.$&')}
            from entry join log using (log_id) where entry.${entryAt().replace(' and ', ' and entry.')};
            update log set size = size + 1 where log_id = '${acknowledged().logId}'`,
        },
      ],
    ],
    [
      'doubled',
      'a request has two outcomes',
      () => [
        {
          gateway: `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
            select organization_id, stream, 1000000, type, schema_version, payload, metadata
            from event where payload ->> 'requestId' = '${answered()}'`,
        },
      ],
    ],
    [
      'order broken',
      'two facts of an organization changed places',
      () => [
        {
          audit: `with two as (
              select index, leaf, lead(leaf) over w as later, lag(leaf) over w as earlier, row_number() over w as nth
              from entry where log_id = '${acknowledged().logId}' and operation = 'organization.change'
              window w as (order by index)
            )
            update entry set leaf = case nth when 1 then later else earlier end
            from two where two.index = entry.index and entry.log_id = '${acknowledged().logId}' and nth <= 2`,
        },
      ],
    ],
    [
      'response without an entry',
      'an answered request is not in the access log',
      () => [{ gateway: `delete from event where payload ->> 'requestId' = '${answered()}'` }],
    ],
    [
      'entry for nothing',
      'the access log tells of a request that nobody sent',
      () => [
        {
          gateway: `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
            select organization_id, stream, 1000000, type, schema_version,
              payload || '{"requestId": "nobody", "operation": "member.remove"}',
              metadata || '{"requestId": "nobody"}'
            from event where payload ->> 'requestId' = '${answered()}'`,
        },
      ],
    ],
    [
      'entry for nothing',
      'a log holds a fact that its source does not know',
      () => [
        {
          gateway: `delete from outgoing where number = 1; delete from event where payload ->> 'requestId' = '${answered()}'`,
        },
      ],
    ],
    [
      'sequence gap',
      'a number of an instance is missing',
      () => [{ gateway: `delete from event where version = 2 and stream like 'access-log-%'` }],
    ],
    [
      'log fork',
      'a leaf is another one than was signed',
      () => [{ audit: `update entry set leaf = leaf || '\\x20' where ${entryAt()}` }],
    ],
    [
      'log fork',
      'somebody was shown a checkpoint that the log has never had',
      () => {
        const seen = run.memory.checkpoints.at(-1);
        if (!seen) throw new Error('No checkpoint was seen');
        const note = seen.note.replace(
          /^(.*)\n(\d+)\n/,
          (_, origin: string, size: string) => `${origin}\n${Number(size) + 1}\n`,
        );
        return [{}, { ...run.memory, checkpoints: [...run.memory.checkpoints, { ...seen, note }] }];
      },
    ],
  ];

  it.each(planted)('sees %s: %s', async (kind, _, plant) => {
    const found = await run.checkAgain(...plant());
    expect(found.map((finding) => finding.kind)).toContain(kind);
  });

  it.each(plantedAtStripe)('sees %s: %s', async (kind, what, plant) => {
    expect(await run.checkAgain(...plant(run))).toContainEqual({ kind, what: expect.stringMatching(what) });
  });

  it('sees a service that ended though no fault killed it, and was started again', async () => {
    run.system.service('identity').kill('SIGABRT');
    const found = await run.round([]);
    expect(found).toEqual([
      {
        kind: 'ended by itself',
        what: expect.stringContaining('The identity service ended (killed by SIGABRT).'),
      },
    ]);
  }, 120_000);
});
