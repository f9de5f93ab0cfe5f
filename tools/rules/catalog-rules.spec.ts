import { beforeAll, describe, expect, it } from '@jest/globals';
import { everyContract } from '@vouchsafe/contracts';
import { decider, type EventCatalog, eventCatalog, personal, unreachable } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { everyRelayedCatalog, everySlice } from './catalogs.ts';
import {
  evolutionFaults,
  publishingFaults,
  type Slice,
  sliceOf,
  unmarkedPersonalFields,
} from './catalog-rules.ts';

/** Fields whose names sound personal and that are not, each with its reason. */
const notPersonal: Readonly<Record<string, string>> = {
  'organization-registered.name': 'an organization, not a person',
  'vouchsafe.identity.organization-registered.v1.name': 'an organization, not a person',
  'organization-renamed.name': 'an organization, not a person',
  'vouchsafe.identity.organization-renamed.v1.name': 'an organization, not a person',
  'api-key-created.name': 'a key, not a person',
};

describe('every event that a service stores', () => {
  let slices: readonly Slice[];
  let relayed: readonly EventCatalog[];
  beforeAll(async () => {
    slices = await everySlice();
    relayed = await everyRelayedCatalog();
  });

  it('is found by these checks', () => {
    expect(slices.flatMap(({ catalogs }) => catalogs).length).toBeGreaterThan(0);
    expect(slices.flatMap(({ deciders }) => deciders).length).toBeGreaterThan(0);
    expect(relayed.length).toBeGreaterThan(0);
  });

  it('is evolved by a decider of its slice, which stops at an unknown one', () => {
    expect(slices.flatMap(evolutionFaults)).toEqual([]);
  });

  it('is published or listed as private', () => {
    expect(slices.flatMap((slice) => publishingFaults(slice, relayed))).toEqual([]);
  });

  it('marks the fields that hold personal data', () => {
    const found = slices
      .flatMap(({ catalogs }) => catalogs)
      .flatMap(({ definitions }) =>
        Object.entries(definitions).flatMap(([type, { schema }]) =>
          unmarkedPersonalFields(schema).map((field) => `${type}.${field}`),
        ),
      );
    expect(found.filter((field) => !(field in notPersonal))).toEqual([]);
  });
});

describe('every contract', () => {
  it('marks the fields that hold personal data', () => {
    const found = everyContract().flatMap(({ type, schema }) =>
      unmarkedPersonalFields(schema).map((field) => `${type}.${field}`),
    );
    expect(found.filter((field) => !(field in notPersonal))).toEqual([]);
  });
});

describe('a planted breach is caught:', () => {
  const catalog = eventCatalog({
    opened: { version: 1, visibility: 'private', schema: z.object({ id: z.uuid() }) },
    closed: { version: 1, visibility: 'private', schema: z.object({ id: z.uuid() }) },
  });
  const incomplete = decider<string, string, { type: string; data: object }, { rejected: 'no' }>({
    initial: 'none',
    decide: () => [],
    evolve: (_, event) => (event.type === 'opened' ? 'open' : unreachable(event.type as never)),
  });
  const careless = decider<string, string, { type: string; data: object }, { rejected: 'no' }>({
    initial: 'none',
    decide: () => [],
    evolve: (state) => state,
  });

  it('an event type that no decider evolves', () => {
    const slice = sliceOf('lamp', [{ catalog, incomplete }]);
    expect(evolutionFaults(slice)).toEqual(['lamp: no decider evolves closed']);
  });

  it('a decider that skips what it does not know', () => {
    const slice = sliceOf('lamp', [{ catalog, careless }]);
    expect(evolutionFaults(slice)).toEqual(['lamp: a decider skips an unknown event']);
  });

  it('a catalog that the relay does not know', () => {
    const slice = sliceOf('lamp', [{ catalog }]);
    expect(publishingFaults(slice, [])).toEqual(['lamp: the relay does not know opened, closed']);
    expect(publishingFaults(slice, [catalog])).toEqual([]);
  });

  it('a personal field without its mark, however deep', () => {
    const mark = { purpose: 'account', subject: null } as const;
    expect(
      unmarkedPersonalFields(
        z.object({
          email: z.email(),
          visitors: z.array(
            z.object({ sourceIp: z.ipv4().nullable(), userAgent: personal(z.string(), mark) }),
          ),
          document: z.object({ name: z.enum(['terms']), hash: z.string() }),
          marked: z.object({ name: personal(z.string(), mark).nullable() }),
        }),
      ),
    ).toEqual(['email', 'visitors.*.sourceIp']);
  });
});
