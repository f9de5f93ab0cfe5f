import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KEY_CACHE_MILLISECONDS, KeyCache } from './key-cache.js';

const SIZE = 3;

describe('the cache of opened keys', () => {
  it('gives what was set last, never more than its size, and nothing that is 60 s old', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      act: fc.constantFrom('get', 'set', 'delete'),
      wait: fc.nat(KEY_CACHE_MILLISECONDS / 2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let time = 0;
        const cache = new KeyCache<number>(
          { size: SIZE, milliseconds: KEY_CACHE_MILLISECONDS },
          () => new Date(time),
        );
        const model = new Map<string, { value: number; since: number }>();
        for (const [value, { key, act, wait }] of steps.entries()) {
          time += wait;
          if (act === 'set') {
            cache.set(key, value, time);
            model.set(key, { value, since: time });
          } else if (act === 'delete') {
            cache.delete(key);
            model.delete(key);
          } else {
            const held = cache.get(key);
            const known = model.get(key);
            if (held === undefined) continue; // may have been pushed out
            expect(held).toBe(known?.value);
            expect(time - (known?.since ?? -Infinity)).toBeLessThan(KEY_CACHE_MILLISECONDS);
          }
        }
        const held = ['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined);
        expect(held.length).toBeLessThanOrEqual(SIZE);
      }),
    );
  });

  it('pushes out what was used longest ago', () => {
    const cache = new KeyCache<number>(
      { size: SIZE, milliseconds: KEY_CACHE_MILLISECONDS },
      () => new Date(0),
    );
    for (const key of ['a', 'b', 'c']) cache.set(key, 1, 0);
    cache.get('a');
    cache.set('d', 1, 0);
    expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key))).toEqual(['a', 'c', 'd']);
  });

  it('trusts no entry from the future: the clock was put back', () => {
    const cache = new KeyCache<number>(
      { size: SIZE, milliseconds: KEY_CACHE_MILLISECONDS },
      () => new Date(0),
    );
    cache.set('a', 1, 5_000);
    expect(cache.get('a')).toBeUndefined();
  });
});
