import { beforeAll, describe, expect, it } from '@jest/globals';
import { everyContract } from '@vouchsafe/contracts';
import {
  type EventCatalog,
  eventCatalog,
  formerVersion,
  isErased,
  markedLater,
  personal,
} from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { arbitraryOf } from './arbitrary.ts';
import { everyRelayedCatalog } from './catalogs.ts';
import { upcastFaults } from './upcast-rules.ts';
import fc from 'fast-check';

describe('every event of every service', () => {
  let catalogs: readonly EventCatalog[];
  beforeAll(async () => {
    catalogs = await everyRelayedCatalog();
  });

  it('is read in each version that was ever written, with each of its personal values erased', () => {
    const types = catalogs.flatMap(({ versions }) => Object.values(versions));
    expect(types.some((versions) => versions.length > 1)).toBe(true);
    expect(catalogs.flatMap(upcastFaults)).toEqual([]);
  });
});

describe('every contract', () => {
  it('reads by its tolerant reader whatever its strict schema lets out', () => {
    for (const { type, schema, reader } of everyContract()) {
      for (const data of fc.sample(arbitraryOf(schema), { numRuns: 50, seed: 20261128 })) {
        expect([type, reader.parse(JSON.parse(JSON.stringify(data)))]).toEqual([
          type,
          JSON.parse(JSON.stringify(data)),
        ]);
      }
    }
  });
});

describe('a planted breach is caught:', () => {
  const mark = { purpose: 'account', subject: 'id' } as const;
  const name = personal(z.string(), mark);
  const who = { id: z.uuid() };
  const second = (schema: z.ZodType<object>, former: ReturnType<typeof formerVersion>) =>
    upcastFaults(
      eventCatalog({ named: { version: 2, visibility: 'private', schema, former: { 1: former } } }),
    );

  it('an upcast that does not expect an erased value', () => {
    const former = formerVersion(z.strictObject({ ...who, name }), (old) => ({
      ...old,
      name: (old.name as string).trim(),
    }));
    expect(second(z.strictObject({ ...who, name }), former)).toEqual([
      expect.stringContaining('trim is not a function'),
    ]);
  });

  it('an erased value in a field that is personal no more', () => {
    const former = formerVersion(z.strictObject({ ...who, name }), (old) => old);
    const schema = z.strictObject({ ...who, name: z.string() });
    expect(second(schema, former)).toEqual([
      'named version 1: A stored named cannot be read: name: invalid_type',
    ]);
  });

  it('a field that became personal, and whose earlier version does not say so', () => {
    const schema = z.strictObject({ ...who, alias: name });
    const upcast = ({ id, nick }: { id: string; nick: string }) => ({ id, alias: nick });
    expect(second(schema, formerVersion(z.strictObject({ ...who, nick: z.string() }), upcast))).toEqual([
      'named version 1: alias of the next version comes from a field that is neither personal nor markedLater()',
    ]);
    const said = formerVersion(
      z.strictObject({ ...who, nick: markedLater(z.string(), mark) }),
      ({ id, nick }) => ({
        id,
        alias: nick,
      }),
    );
    expect(second(schema, said)).toEqual([]);
  });

  it('an upcast that makes what the next version does not accept', () => {
    const former = formerVersion(z.strictObject(who), (old) => ({ ...old, count: '1' }));
    expect(second(z.strictObject({ ...who, count: z.int() }), former)).toEqual([
      expect.stringContaining('count: invalid_type'),
    ]);
  });

  it('a personal field whose subject is not in its version', () => {
    const former = formerVersion(
      z.strictObject({ name: markedLater(z.string(), mark) }),
      ({ name: old }) => ({
        id: 'c0ffee00-0000-4000-8000-000000000001',
        name: old,
      }),
    );
    expect(second(z.strictObject({ ...who, name }), former)).toEqual([
      'named version 1: No field id, the subject of name',
    ]);
  });

  it('but not what handles all of it', () => {
    const former = formerVersion(z.strictObject({ ...who, name }), ({ id, name: old }) => ({
      id,
      initial: isErased(old) ? null : old.slice(0, 1),
    }));
    expect(second(z.strictObject({ ...who, initial: z.string().nullable() }), former)).toEqual([]);
  });
});
