import { expect, it } from '@jest/globals';
import { words } from './order.js';

it('a name or reason for the log is taken as one line', () => {
  expect(words('--by', ' Grace Hopper ', 100)).toBe('Grace Hopper');
});

it.each([
  ['nothing', ' ', '--by is required'],
  ['too much', 'g'.repeat(101), '--by takes 100 characters at most'],
  ['a line end', 'grace\nalan', '--by takes no control characters'],
  ['an escape sequence', 'grace\u001b[2K', '--by takes no control characters'],
  ['a turned direction of writing', 'grace\u202e', '--by takes no control characters'],
])('%s is not', (_, given, because) => {
  expect(() => words('--by', given, 100)).toThrow(because);
});
