import {
  decider,
  type DomainEvent,
  eventCatalog,
  formerVersion,
  isErased,
  markedLater,
  type PersonalMark,
  personal,
} from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { aggregate } from './index.js';

/** A stream of people's details as three releases of one service write it: what happens to a personal field in the course of years. */
const mark: PersonalMark = { purpose: 'account', subject: 'personId' };
const text = z.string();
const who = { personId: z.string() };
const marked = personal(text, mark);
const event = { visibility: 'published' } as const;

const v1 = {
  renamed: z.strictObject({ ...who, name: marked }),
  moved: z.strictObject({ ...who, email: marked }),
  marked: z.strictObject({ ...who, phone: text }),
  unmarked: z.strictObject({ ...who, city: marked }),
  wandered: z.strictObject({ ...who, nicks: z.array(z.strictObject({ nick: text })) }),
};

/** As it was written first. */
export const firstRelease = eventCatalog({
  renamed: { ...event, version: 1, schema: v1.renamed },
  moved: { ...event, version: 1, schema: v1.moved },
  marked: { ...event, version: 1, schema: v1.marked },
  unmarked: { ...event, version: 1, schema: v1.unmarked },
  wandered: { ...event, version: 1, schema: v1.wandered },
});

const wanderedV1 = formerVersion(
  z.strictObject({ ...who, nicks: z.array(z.strictObject({ nick: markedLater(text, mark) })) }),
  (old) => old,
);
const wanderedV2 = z.strictObject({ ...who, nicks: z.array(z.strictObject({ nick: marked })) });

export const secondRelease = eventCatalog({
  wandered: { ...event, version: 2, schema: wanderedV2, former: { 1: wanderedV1 } },
});

export const today = eventCatalog({
  renamed: {
    ...event,
    version: 2,
    schema: z.strictObject({ ...who, fullName: marked }),
    former: { 1: formerVersion(v1.renamed, ({ personId, name }) => ({ personId, fullName: name })) },
  },
  moved: {
    ...event,
    version: 2,
    schema: z.strictObject({ contact: z.strictObject({ ...who, email: marked }) }),
    former: { 1: formerVersion(v1.moved, (contact) => ({ contact })) },
  },
  marked: {
    ...event,
    version: 2,
    schema: z.strictObject({ ...who, phone: marked }),
    former: {
      1: formerVersion(z.strictObject({ ...who, phone: markedLater(text, mark) }), (old) => old),
    },
  },
  unmarked: {
    ...event,
    version: 2,
    schema: z.strictObject({ ...who, city: z.string().nullable() }),
    former: {
      1: formerVersion(v1.unmarked, ({ personId, city }) => ({
        personId,
        city: isErased(city) ? null : city,
      })),
    },
  },
  wandered: {
    ...event,
    version: 3,
    schema: z.strictObject({ person: z.strictObject({ ...who, aliases: z.array(marked) }) }),
    former: {
      1: wanderedV1,
      2: formerVersion(wanderedV2, ({ personId, nicks }) => ({
        person: { personId, aliases: nicks.map(({ nick }) => nick) },
      })),
    },
  },
});

/** Its state is what it has read. */
export const details = aggregate({
  category: 'details',
  catalog: today,
  decider: decider<readonly object[], never, DomainEvent, { rejected: never }>({
    initial: [],
    decide: () => [],
    evolve: (state, { type, data }) => [...state, { type, data }],
  }),
});
