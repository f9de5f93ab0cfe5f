import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isNestedDeeper, parseCheckedJson, parseJson } from './parse-json.js';

/** A name that V8 has seen, and one that is spelled as if it began with it. */
const poisoned = () => {
  JSON.parse('{"h":[],"\\\\":0}');
  return '{"h":1,"\\"":2}';
};

describe('JSON with the names that the text says', () => {
  it('has an escaped name whatever name was read before (nodejs/node#63785)', () => {
    expect(Object.keys(parseJson(poisoned()) as object)).toEqual(['h', '"']);
  });

  it('says what was written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom('', ' ', '\n'), (value, space) => {
        // Not compared with JSON.parse, which may be wrong.
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJson(space + text + space))).toBe(text);
        expect(parseCheckedJson(text, all)).toEqual({ value: parseJson(text) });
      }),
    );
  });

  it.each(['', '{', '{"a":1,}', '[1,]', '01', "'a'", '{"a"}', 'nul', '[] []', '\ufeff1'])(
    'refuses %s',
    (text) => {
      expect(() => parseCheckedJson(text, all)).toThrow(SyntaxError);
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  it('says where a check found fault', () => {
    const fault = (text: string) =>
      parseCheckedJson(text, { ...all, text: (one) => (one === '!' ? 'no' : undefined) });
    expect(fault('{"a":[1,[],{"b":"!"}]}')).toEqual({ fault: 'no', path: ['a', 2, 'b'] });
    expect(fault('["","!"]')).toEqual({ fault: 'no', path: [1] });
    expect(fault('"!"')).toEqual({ fault: 'no', path: [] });
  });
});

it('how deep a text is nested is seen without reading it', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? 1 + Object.values(value).reduce((deepest: number, one) => Math.max(deepest, depthOf(one)), 0)
      : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify([value, '"\\[[[{{{', { '[{\\"': '[' }]);
      const depth = Math.max(2, 1 + depthOf(value));
      expect([isNestedDeeper(text, depth - 1), isNestedDeeper(text, depth)]).toEqual([true, false]);
    }),
  );
  // What is no JSON has no end.
  expect(isNestedDeeper('[{"":'.repeat(1e6), 64)).toBe(true);
});

const none = () => undefined;
const all = { opened: none, name: none, text: none, number: none };
