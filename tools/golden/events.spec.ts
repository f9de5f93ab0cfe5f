import { describe, expect, it } from '@jest/globals';
import { eventCatalog, formerVersion, markedLater, personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { storedBreaks, versionsOf } from './events.ts';

const mark = { purpose: 'account', subject: 'id' } as const;
const clear = z.strictObject({ id: z.string(), phone: z.string(), name: personal(z.string(), mark) });
const marked = clear.extend({ phone: personal(z.string(), mark) });
const one = (schema: z.ZodType<object>) =>
  versionsOf(eventCatalog({ noted: { version: 1, visibility: 'private', schema } }));
const two = (former: z.ZodType<object>) =>
  versionsOf(
    eventCatalog({
      noted: {
        version: 2,
        visibility: 'private',
        schema: marked,
        former: { 1: formerVersion(former, (old) => old) },
      },
    }),
  );

describe('a version of an event that is stored', () => {
  it('stays as it was written, also where a later version marks one of its fields', () => {
    const former = clear.extend({ phone: markedLater(z.string(), mark) });
    expect(storedBreaks(one(clear), two(former))).toEqual([]);
    expect(storedBreaks(two(former), two(former))).toEqual([]);
  });

  it('may get a field that can be absent', () => {
    expect(
      storedBreaks(one(clear), one(clear.extend({ nick: personal(z.string(), mark).optional() }))),
    ).toEqual([]);
  });

  it.each([
    ['a mark in place', one(marked), 'the mark of phone was absent'],
    ['no mark any more', one(clear.extend({ name: z.string() })), 'the mark of name was'],
    ['another form', one(clear.extend({ phone: z.int() })), '$/phone: type was'],
    ['another form as a former version', two(marked), 'the mark of phone was absent'],
    ['nothing at all', {}, 'noted version 1 is gone'],
  ])('does not get %s', (_, now, line) => {
    expect(storedBreaks(one(clear), now)).toContainEqual(expect.stringContaining(line));
  });
});
