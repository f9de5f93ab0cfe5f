import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { askedFor, pathText } from './field-path.js';

const name = fc
  .oneof(
    fc.constantFrom(
      'card',
      'card.number',
      'card%2Enumber',
      'card.',
      '.card',
      '.',
      '%',
      'a b',
      'a:b',
      'ü',
      'a\nb',
    ),
    fc.string({ unit: 'grapheme', minLength: 1 }),
  )
  .filter((text) => text.isWellFormed());

describe('a field path', () => {
  it('that was asked for opens the value there, and no other', () => {
    fc.assert(
      fc.property(name, name, (there, asked) => {
        const isAsked = askedFor([`details.${asked}`]);
        expect(isAsked(pathText(['details', there]))).toBe(there === asked);
        expect(isAsked(pathText(['actor', 'id']))).toBe(false);
      }),
    );
  });

  it('of all details opens each of them, and nothing else', () => {
    fc.assert(
      fc.property(name, (there) => {
        const isAsked = askedFor(['details']);
        expect(isAsked(pathText(['details', there]))).toBe(true);
        for (const stored of ['id', 'actor.id', 'entity.id', 'sourceIp']) expect(isAsked(stored)).toBe(false);
      }),
    );
  });

  it('is stored as one word without a colon', () => {
    fc.assert(
      fc.property(name, (there) => {
        expect(pathText(['details', there])).toMatch(/^details\.[^\s:]+$/);
      }),
    );
  });

  it.each(['id', 'actor.id', 'entity.id', 'sourceIp', 'url', 'userAgent', 'requestId'])(
    '%s is itself',
    (path) => {
      expect(askedFor([path])(path)).toBe(true);
      expect(askedFor(['details'])(path)).toBe(false);
    },
  );
});
