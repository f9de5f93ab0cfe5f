import { expect, it } from '@jest/globals';
import { singleLine } from './settlement.js';

it('a name or reason for the log is taken as one line', () => {
  expect(singleLine('--by', ' Grace Hopper ', 100)).toBe('Grace Hopper');
});

it.each([
  ['nothing', ' ', '--by is required'],
  ['too much', 'g'.repeat(101), '--by can have at most 100 characters'],
  ['a line end', 'grace\nalan', '--by must be visible text'],
  ['an escape sequence', 'grace\u001b[2K', '--by must be visible text'],
  ['a turned direction of writing', 'grace\u202e', '--by must be visible text'],
  ['a letter that nobody sees', '\u3164', '--by must be visible text'],
])('%s is not', (_, given, because) => {
  expect(() => singleLine('--by', given, 100)).toThrow(because);
});
