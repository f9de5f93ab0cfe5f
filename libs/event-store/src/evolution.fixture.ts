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
import { contract, formerContract, publication } from '@vouchsafe/contracts';
import { z } from 'zod';
import { aggregate, publishing } from './index.js';

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

export const renamedV1 = contract({
  type: 'vouchsafe.identity.details-renamed.v1',
  summary: 'For the suites of this room.',
  schema: z.strictObject({ ...who, name: marked }),
});
export const renamedV2 = contract({
  type: 'vouchsafe.identity.details-renamed.v2',
  summary: 'For the suites of this room.',
  schema: z.strictObject({ ...who, fullName: marked }),
  former: formerContract(renamedV1, ({ personId, name }) => ({ personId, fullName: name })),
});
export const retiredV1 = contract({
  type: renamedV1.type,
  summary: renamedV1.summary,
  schema: renamedV1.schema,
  retired: true,
});
export const movedV1 = contract({
  type: 'vouchsafe.identity.details-moved.v1',
  summary: 'For the suites of this room.',
  schema: z.strictObject(who),
});

type Renamed = z.output<typeof renamedV2.schema>;

/** What the service publishes in the course of years: version 1 of a fact, both side by side, version 2 alone. */
export const publishingOf = (versions: 'first' | 'both' | 'second') =>
  publishing<DomainEvent>(today, ({ type, data }) => {
    if (type !== 'renamed') return [];
    const { personId, fullName } = data as Renamed;
    const first = { personId, name: fullName };
    const second = publication(renamedV2, { personId, fullName });
    if (versions === 'first') return [publication(renamedV1, first)];
    if (versions === 'both') return [[publication(renamedV1, first), second]];
    return [[second, publication(retiredV1, first)]];
  });
