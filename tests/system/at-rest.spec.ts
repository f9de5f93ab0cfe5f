import { expect, it } from '@jest/globals';
import { formsOf, searchFor } from './at-rest.ts';

const texts = ['4242424242424242', '4242424142424242', 'secret', 'reset'];

it.each(texts.flatMap((text) => formsOf(text).map((form) => [form, text] as const)))(
  'a search for several texts finds %s wherever it stands, and no other',
  (form, text) => {
    const search = searchFor(texts);
    for (const [before, after] of [
      ['', ''],
      ['4', ''],
      ['424', '\0'],
      ['sec', 'ret'],
      ['\u{10ffff}', '\u{10ffff}'],
    ] as const)
      expect(search(Buffer.from(before + form + after))).toEqual([text]);
    expect(search(Buffer.from(form.slice(0, -1)))).toEqual([]);
    expect(search(Buffer.alloc(0))).toEqual([]);
  },
);

it('is refused for a text that chance would find', () => {
  expect(() => searchFor(['abc'])).toThrow('Too short');
});
