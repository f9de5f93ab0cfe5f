import { contract, publication } from '@vouchsafe/contracts';
import type { SqlMigration } from '@vouchsafe/database';
import { personal } from '@vouchsafe/event-sourcing';
import type { DepartingMessage } from '@vouchsafe/event-store';
import { z } from 'zod';
import { factMessage, type WireMessage } from '../cloud-events.js';
import type { FetchMissing } from './catch-up.js';
import { type Reaction, reaction } from './reaction.js';
import { givingKeys, transitKeyOf } from './transit-keys.fixture.js';

export const noteTaken = contract({
  type: 'vouchsafe.identity.note-taken.v1',
  summary: 'Used in the suites of this package.',
  schema: z.strictObject({
    text: z.string(),
    author: z.string(),
    name: personal(z.string(), { purpose: 'account', subject: 'author' }),
  }),
});

export const organizations = [1, 2, 3, 4].map((n) => `5b0c7cbd-6b3c-4f0a-9a0e-00000000000${n}`);

/** A service with lanes: what it has given out, in order, and what it answers to those who miss something. */
export function sourceOf(name: string) {
  const given = new Map<number, DepartingMessage[]>();
  const fetched: { lane: number; first: bigint }[] = [];
  const take = (lane: number, text: string, more: Partial<DepartingMessage> = {}): DepartingMessage => {
    const own = given.get(lane) ?? [];
    given.set(lane, own);
    const key = organizations[lane % organizations.length] ?? '';
    const message: DepartingMessage = {
      source: name,
      lane,
      number: BigInt(own.length + 1),
      id: `${name}/${lane}/${own.length + 1}`,
      key,
      transitKey: transitKeyOf(key),
      time: new Date('2026-11-22T10:00:00Z'),
      traceparent: undefined,
      publication: publication(noteTaken, { text, author: 'ada', name: `Ada of ${text}` }),
      ...more,
    };
    own.push(message);
    return message;
  };
  const fetchMissing: FetchMissing = (source, lane, first, limit): Promise<readonly WireMessage[]> => {
    fetched.push({ lane, first });
    const own = source === name ? (given.get(lane) ?? []) : [];
    return Promise.resolve(
      own
        .filter(({ number }) => number >= first)
        .slice(0, limit)
        .map(factMessage),
    );
  };
  const fetchTransitKeys = givingKeys(organizations.map((key) => transitKeyOf(key)));
  return { name, take, given, fetchMissing, fetchTransitKeys, fetched };
}

/** Effects without any constraint: a fact that has its effect twice shows as two rows. */
export const effectMigration: SqlMigration = {
  name: 'effect-001',
  sql: ({ worker }) => `
    create table effect (
      place bigint generated always as identity, source text, lane int, number bigint, text text, name jsonb
    );
    grant select, insert on effect to ${worker};`,
};

/** Inserts one row for each fact; `fails` makes it throw. */
export function recording(fails: (text: string) => boolean = () => false): Reaction {
  return reaction(noteTaken, async ({ source, lane, number, data }, transaction) => {
    await transaction.query(
      'insert into effect (source, lane, number, text, name) values ($1, $2, $3, $4, $5)',
      [source, lane, number, data.text, JSON.stringify(data.name)],
    );
    if (fails(data.text)) throw new Error(`No effect of ${data.text}`);
  });
}
