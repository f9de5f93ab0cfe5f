import { describe, expect, it } from '@jest/globals';
import { ERASED, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import {
  contract,
  formerContract,
  isStripeId,
  publication,
  readableVersions,
  stripeId,
  UnfitPublicationError,
} from './index.js';

const name = personal(z.string(), { purpose: 'account', subject: 'id' });
const moved = contract({
  type: 'vouchsafe.identity.desk-moved.v1',
  summary: 'For this suite.',
  schema: z.strictObject({
    id: z.string(),
    name,
    to: z
      .strictObject({ room: z.string(), seats: z.array(z.strictObject({ n: z.int() })).optional() })
      .nullable(),
    how: z.discriminatedUnion('by', [
      z.strictObject({ by: z.literal('hand') }),
      z.strictObject({ by: z.literal('cart'), wheels: z.int() }),
    ]),
    details: z.record(z.string(), z.json()),
    home: personal(z.strictObject({ street: z.string().optional() }), { purpose: 'account', subject: 'id' }),
  }),
});
const data = {
  id: 'd1',
  name: 'Ada',
  to: { room: 'b', seats: [{ n: 1 }] },
  how: { by: 'cart', wheels: 4 } as const,
  details: { any: { thing: [1] } },
  home: { street: 'Elm' },
};

describe('a contract is strict when it is written', () => {
  it.each([
    ['a field that it does not know', { ...data, nickname: 'A.' }],
    ['one in a nested object', { ...data, to: { room: 'b', floor: 2 } }],
    ['one in an element', { ...data, to: { room: 'b', seats: [{ n: 1, side: 'left' }] } }],
    ['one in an alternative', { ...data, how: { by: 'hand', wheels: 4 } }],
    ['a value of another type', { ...data, id: 7 }],
    ['a missing field', { ...data, name: undefined }],
  ])('refuses %s, and says no value', (_, wrong) => {
    const make = () => publication(moved, wrong as never);
    expect(make).toThrow(UnfitPublicationError);
    expect(make).toThrow(/^(?!.*(A\.|left))A fact does not fit vouchsafe\.identity\.desk-moved\.v1/);
  });

  it('lets through what fits, the values of erased people among it', () => {
    expect(publication(moved, data).data).toBe(data);
    expect(publication(moved, { ...data, name: ERASED, home: ERASED }).contract).toBe(moved);
  });

  it('has no object that lets unknown fields through', () => {
    const loose = z.strictObject({ many: z.array(z.object({ n: z.int() })) });
    const define = () => contract({ type: 'vouchsafe.identity.loose.v1', summary: '', schema: loose });
    expect(define).toThrow('allows unknown fields at $.many.*');
  });

  it('knows an id of Stripe’s by its mark, also once it is described or bounded further', () => {
    const id = stripeId('sub');
    for (const one of [id, id.describe('The subscription'), id.meta({ title: 'Id' }), id.max(30)])
      expect(isStripeId(one)).toBe(true);
    expect(isStripeId(z.string().regex(/^sub_/))).toBe(false);
  });

  it('declares an entity by a random id of its own: that id stands in the audit log in clear', () => {
    const definition = { type: 'vouchsafe.identity.desk-sold.v1', summary: '' } as const;
    const schema = z.strictObject({ deskId: z.uuid(), buyerId: z.uuid().nullable(), name: z.string() });
    const define = (id: 'deskId' | 'buyerId' | 'name') =>
      contract({ ...definition, schema, entity: { type: 'desk', id } });
    expect(define('deskId').entity).toEqual({ type: 'desk', id: 'deskId' });
    expect(define('buyerId').entity).toEqual({ type: 'desk', id: 'buyerId' });
    expect(() => define('name')).toThrow('vouchsafe.identity.desk-sold.v1: name is not a UUID');
  });
});

describe('a contract is tolerant when it is read', () => {
  const later = {
    ...data,
    nickname: 'A.',
    to: { room: 'b', floor: 2, seats: [{ n: 1, side: 'left' }] },
    how: { by: 'cart', wheels: 4, brand: 'x' },
    home: { street: 'Elm', city: 'Oslo' },
  };

  it('leaves out fields that it does not know, at every depth', () => {
    expect(moved.reader.parse(later)).toEqual(data);
  });

  it('reads an erased value as erased, also where its object could be empty', () => {
    expect(moved.reader.parse({ ...data, name: ERASED, home: ERASED })).toEqual({
      ...data,
      name: ERASED,
      home: ERASED,
    });
  });

  it.each([
    ['a missing field', { ...later, id: undefined }],
    ['a value of another type', { ...later, to: { room: 3 } }],
    ['an unknown alternative', { ...later, how: { by: 'crane' } }],
  ])('still stops at %s', (_, wrong) => {
    expect(moved.reader.safeParse(wrong).success).toBe(false);
  });

  it('keeps the checks of what it rebuilds', () => {
    const few = contract({
      type: 'vouchsafe.identity.few.v1',
      summary: '',
      schema: z.strictObject({ ids: z.array(z.strictObject({ id: z.uuid() })).min(1) }),
    });
    expect(few.reader.safeParse({ ids: [] }).success).toBe(false);
  });
});

describe('versions of a contract', () => {
  const schema = z.strictObject({ id: z.string(), label: name });
  const second = contract({
    type: 'vouchsafe.identity.desk-moved.v2',
    summary: '',
    schema,
    former: formerContract(moved, ({ id, name: label }) => ({ id, label })),
  });

  it('share a name, and a reader knows those before its own', () => {
    expect(second.name).toBe(moved.name);
    expect(readableVersions(second)).toEqual([second, moved]);
  });

  it('are of one fact', () => {
    const define = () =>
      contract({
        type: 'vouchsafe.identity.desk-sold.v2',
        summary: '',
        schema,
        former: formerContract(moved, (old) => old),
      });
    expect(define).toThrow('not a later version');
  });
});
