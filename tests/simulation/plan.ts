import type { Random } from '../faults/random.ts';
import type { Kind } from './actions.ts';

/** What happens to one organization, by the step in which it happens. */
export interface Life {
  readonly name: string;
  readonly isVerified: boolean;
  /** When it signs up. */
  readonly from: number;
  readonly actions: ReadonlyMap<number, readonly Kind[]>;
}

type At = readonly [step: number, kind: Kind];

/**
 * How a life goes on, in steps from its beginning. Every one of these is lived, by a small simulation, too; when things happen is random.
 * @param of how many steps a number of days are
 */
const lives: readonly ((random: Random, of: (days: number) => number) => readonly At[])[] = [
  // It ends, and stays so.
  (random, of) => [
    [1, 'attach'],
    [random.between(1, of(240)), 'close'],
  ],
  // A court asks for its data before it is deleted; once the data was released, it goes.
  (random, of) => {
    const [close, length] = [random.between(1, of(120)), random.between(of(120), of(300))];
    const held = close + random.between(0, of(105));
    return [
      [1, 'attach'],
      [close, 'close'],
      [held, 'hold'],
      [held + length, 'release'],
    ];
  },
  // It pays, until its last subscription ends.
  (random, of) => {
    const subscribed = random.between(1, of(60));
    return [
      [subscribed, 'subscribe'],
      [subscribed + random.between(1, of(90)), 'cancel'],
    ];
  },
  // It is in use to the end of the simulation. A member is erased.
  (random, of) => [[1, 'join'], [random.between(2, of(240)), 'erase-member'], ...entries(random, of)],
  // A member is to be erased while everything is held; entries grow old; an attachment is kept against its owner's will.
  (random, of) => {
    const held = random.between(2, of(90));
    return [
      [1, 'join'],
      [1, 'attach'],
      [held, 'hold'],
      [held + 1, 'erase-member'],
      [held + 1, 'delete-attachment'],
      [held + random.between(of(380), of(430)), 'release'],
      ...entries(random, of),
    ];
  },
  // It comes back, and ends for good later.
  (random, of) => {
    const close = random.between(1, of(60));
    const back = close + random.between(1, of(105));
    return [
      [close, 'close'],
      [back, 'come-back'],
      [back + of(random.pick([30, 150, 300])), 'close'],
    ];
  },
  // One person's data is held while the organization is to be deleted.
  (random, of) => {
    const close = random.between(2, of(90));
    return [
      [1, 'join'],
      [close, 'hold-member'],
      [close, 'close'],
      [close + random.between(of(60), of(240)), 'release'],
    ];
  },
  // It ends, and tries to come back too late.
  (random, of) => {
    const close = random.between(1, of(120));
    return [
      [close, 'close'],
      [close + of(135), 'come-back'],
    ];
  },
  // Its data is asked for in use, in time after its end, and too late; then by the operator, so that an archive is there when the purge begins.
  (random, of) => {
    const close = random.between(3, of(90));
    return [
      [1, 'attach'],
      [2, 'ask-for-return'],
      [close, 'close'],
      [close + 1, 'ask-for-return'],
      [close + of(40), 'ask-for-return'],
      [close + of(100), 'ask-for-return-as-operator'],
    ];
  },
  // A hold keeps an archive, against its owner's will, and a request that nobody confirms.
  (random, of) => {
    const held = random.between(2, of(90));
    return [
      [held, 'hold'],
      [held + 1, 'ask-for-return'],
      [held + 1, 'ask-and-forget'],
      [held + 2, 'delete-return'],
      [held + random.between(of(120), of(240)), 'release'],
    ];
  },
  // A member asks to be erased.
  (random, of) => {
    const asked = random.between(2, of(60));
    return [
      [1, 'join'],
      [asked, 'ask-for-erasure'],
      [asked + 1, 'approve-erasure'],
      [asked + 2, 'close-request'],
    ];
  },
  // A letter is answered, soon enough for its retirement to be seen in a short simulation; a link is opened too late.
  (random, of) => {
    const asked = random.between(4, of(200));
    return [
      [1, 'enter-letter'],
      [2, 'refuse-request'],
      [3, 'close-request'],
      [asked, 'ask-and-forget'],
      [asked + 1, 'open-old-link'],
    ];
  },
  // Strangers ask: one answer takes longer, which is said in time; the other one's time is over when that is tried, and then somebody wants to
  // know who it is.
  (random, of) => {
    const asked = random.between(1, of(120));
    return [
      [asked, 'ask-from-outside'],
      [asked + 1, 'extend-request'],
      [asked + 3, 'refuse-request'],
      [asked + 4, 'close-request'],
      [asked + 5, 'ask-from-outside'],
      [asked + 5 + of(40), 'extend-request'],
      [asked + 6 + of(40), 'ask-who-it-is'],
      [asked + 7 + of(40), 'show-who-it-is'],
    ];
  },
  // A member whose data is held is to be erased.
  (random, of) => {
    const held = random.between(2, of(90));
    return [
      [1, 'join'],
      [held, 'hold-member'],
      [held + 1, 'ask-for-erasure-from-outside'],
      [held + 2, 'approve-erasure'],
      [held + 2 + random.between(1, of(200)), 'release'],
    ];
  },
  // It ends while a request is open, which is answered afterwards: the purge waits for neither.
  (random, of) => {
    const close = random.between(3, of(120));
    return [
      [1, 'join'],
      [close - 1, 'ask-for-erasure'],
      [close, 'close'],
      [close + 1, 'approve-erasure'],
      [close + 2, 'close-request'],
    ];
  },
];

/** One in so many signs up, and nobody confirms the address. */
const UNCONFIRMED = 10;

/** Among so many organizations each life is lived, and one has no confirmed address. */
export const EVERY_LIFE = lives.length + Math.ceil(lives.length / (UNCONFIRMED - 1));

export function livesOf(
  random: Random,
  {
    organizations,
    days,
    stepDays,
  }: { readonly organizations: number; readonly days: number; readonly stepDays: number },
): readonly Life[] {
  const of = (some: number): number => Math.max(1, Math.round(some / stepDays));
  return Array.from({ length: organizations }, (_, nth): Life => {
    const isVerified = nth % UNCONFIRMED !== UNCONFIRMED - 1;
    // The first ones have their whole life before them, however short the simulation is.
    const from = nth < EVERY_LIFE ? 0 : random.between(0, of(Math.max(0, days - 360)));
    const live = lives[(nth - Math.trunc(nth / UNCONFIRMED)) % lives.length];
    const planned = isVerified && live ? live(random, of) : [];
    const actions = new Map<number, Kind[]>();
    for (const [step, kind] of planned) actions.set(from + step, [...(actions.get(from + step) ?? []), kind]);
    return { name: `Organization ${nth}`, isVerified, from, actions };
  });
}

function entries(random: Random, of: (days: number) => number): readonly At[] {
  return Array.from({ length: 6 }, () => [random.between(1, of(600)), 'record'] as const);
}
