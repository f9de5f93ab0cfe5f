import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  assertEventType,
  decider,
  eventCatalog,
  type EventOf,
  formerVersion,
  given,
  personal,
  personalFields,
  readEvent,
  unreachable,
} from './index.js';

const lampEvents = eventCatalog({
  'lamp-switched': { version: 1, visibility: 'private', schema: z.strictObject({ on: z.boolean() }) },
  'lamp-named': {
    version: 2,
    visibility: 'published',
    schema: z.strictObject({
      ownerId: z.string(),
      name: personal(z.string(), { purpose: 'account', subject: 'ownerId' }),
    }),
    former: {
      1: formerVersion(
        z.strictObject({ name: personal(z.string(), { purpose: 'account', subject: null }) }),
        (old) => ({
          ...old,
          ownerId: 'nobody',
        }),
      ),
    },
  },
});
type LampEvent = EventOf<typeof lampEvents>;

const lamp = decider<{ on: boolean }, { on: boolean }, LampEvent, { rejected: 'already-so' }>({
  initial: { on: false },
  decide: (state, command) =>
    state.on === command.on
      ? { rejected: 'already-so' }
      : [{ type: 'lamp-switched', data: { on: command.on } }],
  evolve: (state, event) => {
    switch (event.type) {
      case 'lamp-switched':
        return { on: event.data.on };
      case 'lamp-named':
        return state;
      default:
        return unreachable(event);
    }
  },
});

describe('a decider', () => {
  it('answers a command with events or with a rejection', () => {
    given(lamp, [])
      .when({ on: true })
      .then([{ type: 'lamp-switched', data: { on: true } }]);
    given(lamp, [{ type: 'lamp-switched', data: { on: true } }])
      .when({ on: true })
      .then({ rejected: 'already-so' });
  });

  it('fails a given/when/then whose expectation is wrong', () => {
    expect(() => given(lamp, []).when({ on: true }).then([])).toThrow('Expected []');
  });
});

describe('an event catalog', () => {
  it('knows the personal fields of each type, through optionals, arrays and records', () => {
    expect(lampEvents.personal['lamp-named']).toEqual([
      { path: ['name'], purpose: 'account', subject: 'ownerId' },
    ]);
    const nested = z.object({
      people: z.array(
        z.object({
          id: z.string(),
          mail: personal(z.email(), { purpose: 'communication', subject: 'id' }).optional(),
        }),
      ),
    });
    expect(personalFields(nested).map((field) => field.path.join('.'))).toEqual(['people.*.mail']);
  });

  it('reads an older version through its upcast', () => {
    expect(readEvent(lampEvents, 'lamp-named', 1, { name: 'desk' }).data).toEqual({
      name: 'desk',
      ownerId: 'nobody',
    });
  });

  it('stops at a type or version that it does not know, without repeating the value', () => {
    expect(() => readEvent(lampEvents, 'lamp-broken', 1, {})).toThrow('Unknown event type lamp-broken');
    expect(() => readEvent(lampEvents, 'lamp-named', 3, {})).toThrow(
      'has version 3, but this code knows versions 1 to 2',
    );
    expect(() => readEvent(lampEvents, 'lamp-switched', 1, { on: 'a secret' })).toThrow(/^(?!.*a secret)/s);
  });

  it('refuses a version of which a former one lacks its schema and upcast', () => {
    expect(() => eventCatalog({ torn: { version: 2, visibility: 'private', schema: z.object({}) } })).toThrow(
      'version 1 needs its former schema and an upcast',
    );
  });
});

it('a stream with one type of event reads no other', () => {
  const [known, newer] = [{ type: 'counted' }, { type: 'counted-otherwise' }];
  expect(() => assertEventType(known, 'counted')).not.toThrow();
  expect(() => assertEventType(newer, 'counted')).toThrow('counted-otherwise');
});
