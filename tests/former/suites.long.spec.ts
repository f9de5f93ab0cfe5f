import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { roleNames, type SqlMigration } from '@vouchsafe/database';
import { root } from '../system/root.ts';
import { type FormerRelease, formerRelease } from './release.ts';
import { putInPlace, runSuites, type Step, stepsOf } from './schema.ts';

/**
 * Of each package and service what reads and writes its tables, and the whole thread from a sign-up to a verified bundle. All of its
 * suites would take as long as `npm test`.
 */
const suites = [
  'libs/vault/src/vault.spec.ts',
  'libs/vault/src/erasure.spec.ts',
  'libs/event-store/src/event-store.spec.ts',
  'libs/event-store/src/relay.spec.ts',
  'libs/service-host/src/idempotency.spec.ts',
  'services/audit/src/log/record.spec.ts',
  'services/gateway/src/gateway.spec.ts',
  'services/identity/src/api-key/api-keys.spec.ts',
  'services/identity/src/erasure/erasures.spec.ts',
  'services/identity/src/housekeeping/housekeeping.spec.ts',
  'tests/story.spec.ts',
];

/** A step as nobody may write one before no release uses the column any more. */
const contraction: Step = {
  name: 'service-host-999-contraction',
  sql: 'alter table idempotency_key drop column answer',
};

/** Of that release's libs/database, what is not for other packages. */
interface Overlaid {
  readonly toMikroOrmMigrations: (
    steps: readonly SqlMigration[],
    roles: ReturnType<typeof roleNames>,
  ) => readonly { readonly name: string }[];
}

describe("the former release's suites on today's schema", () => {
  let former: FormerRelease;
  let today: Map<string, Step[]>;
  beforeAll(async () => {
    former = await formerRelease();
    today = await stepsOf(root);
  }, 60_000);
  afterAll(() => rm(former.scratch, { recursive: true, force: true }));

  it('know each step of its migrations as it was shipped, in its place', async () => {
    for (const [database, steps] of await stepsOf(former.code)) {
      const kept = today.get(database)?.filter(({ name }) => steps.some((step) => step.name === name));
      expect({ database, steps: kept }).toEqual({ database, steps });
    }
  }, 60_000);

  it('make their databases by the steps of today, in the services that they start, too', async () => {
    const before = await stepsOf(former.code);
    await putInPlace(former.code, today);
    const built = path.join(former.code, 'libs/database/dist/migrations.js');
    const { toMikroOrmMigrations } = (await import(built)) as Overlaid;
    for (const [database, steps] of before) {
      const formerly = steps.map(({ name }) => ({ name, sql: () => '' }));
      const made = toMikroOrmMigrations(formerly, roleNames(database)).map(({ name }) => name);
      expect(made).toEqual(today.get(database)?.map(({ name }) => name));
    }
  }, 60_000);

  it('pass', async () => {
    const { passed, failed, said } = await runSuites(former.code, suites);
    expect({ failed, said: failed.length > 0 ? said : '' }).toEqual({ failed: [], said: '' });
    expect(passed).toBeGreaterThan(suites.length);
  }, 600_000);

  it('fail where a step takes away a column that it uses', async () => {
    const planted = [...today].map(([database, steps]) => {
      const at = steps.findLastIndex(({ name }) => name.startsWith('service-host-'));
      return [database, steps.toSpliced(at + 1, 0, ...(at < 0 ? [] : [contraction]))] as const;
    });
    await putInPlace(former.code, new Map(planted));
    const { failed, said } = await runSuites(former.code, ['libs/service-host/src/idempotency.spec.ts']);
    expect(failed).not.toEqual([]);
    expect(said).toContain('column "answer" of relation "idempotency_key" does not exist');
  }, 120_000);
});
