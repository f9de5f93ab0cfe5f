/**
 * @promise P03 every period that is promised is carried out, and every personal field has one or says why it has none
 * @promise P18 a personal field without a retention policy fails the build
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { retentionPolicies, type RetentionPolicy, serviceNames } from '@vouchsafe/contracts';
import { eventCatalog, personal } from '@vouchsafe/event-sourcing';
import { inventoryOf, type PersonalColumn, readInventories } from '@vouchsafe/service-host';
import { z } from 'zod';
import { filesOf } from '../docs/files.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Read before anything is built, so it cannot be imported there; lifecycle's spec compares the two. */
const readElsewhere = ['database-backups'];

const code = filesOf(root, '{libs,services}/*/src/**/*.ts')
  .filter((file) => !/\.spec\.ts$|retention-policies\.ts$/.test(file))
  .map((file) => readFileSync(path.join(root, file), 'utf8'));

/** Policies with a period that no code reads: nobody carries them out. */
function notCarriedOut(policies: Readonly<Record<string, RetentionPolicy>>): string[] {
  return Object.entries(policies)
    .filter(([, { period }]) => period !== null)
    .map(([id]) => id)
    .filter((id) => !readElsewhere.includes(id))
    .filter((id) => !code.some((text) => text.includes(`retentionPolicies['${id}']`)));
}

describe('retention policies', () => {
  it('have no period that no code reads', () => {
    expect(notCarriedOut(retentionPolicies)).toEqual([]);
    const planted = { ...retentionPolicies, 'planted-records': retentionPolicies['ended-sessions'] };
    expect(notCarriedOut(planted)).toEqual(['planted-records']);
  });

  it('cover every personal field of every service, but those that say why nothing ends them', () => {
    const inventory = readInventories(undefined);
    expect(new Set(inventory.map(({ service }) => service))).toEqual(new Set(serviceNames));
    const uncovered = inventory.filter(({ policies }) => policies.length === 0);
    expect(uncovered.map(({ place, field }) => `${place}.${field}`)).toEqual([
      'hold-placed.reason',
      'hold-reviewed.reason',
      'hold-release-requested.reason',
    ]);
  });
});

describe('a personal field without a retention policy', () => {
  const planted = eventCatalog({
    planted: {
      version: 1,
      visibility: 'private',
      schema: z.strictObject({
        id: z.string(),
        shoeSize: personal(z.string(), { purpose: 'account', subject: 'id' }),
      }),
    },
  });
  const kept = { service: 'identity', publishing: [{ catalog: planted }], columns: [] } as const;
  const column = {
    ...{ table: 'planted', column: 'shoe_size', holds: 'size of a shoe' },
    ...{ purpose: 'account', form: 'sealed', policies: [] as unknown as PersonalColumn['policies'] },
  } as const satisfies PersonalColumn;

  it('fails, in an event and in a table', () => {
    expect(() => inventoryOf({ ...kept, events: { planted: '' } })).toThrow(
      'planted.shoeSize has no retention policy',
    );
    expect(() => inventoryOf({ ...kept, columns: [column] })).toThrow(
      'planted.shoe_size.size of a shoe has no retention policy',
    );
    const unknown = ['forever'] as unknown as PersonalColumn['policies'];
    expect(() => inventoryOf({ ...kept, events: { planted: unknown } })).toThrow(
      'planted.shoeSize has no retention policy',
    );
  });

  it('is sealed under a key that an erasure destroys, where nothing else is said', () => {
    expect(inventoryOf(kept)).toContainEqual(
      expect.objectContaining({ field: 'shoeSize', policies: ['sealed-events'] }),
    );
  });
});
