import { describe, expect, it } from '@jest/globals';
import { plainLine } from './index.js';

const name = plainLine(100);

describe('a name', () => {
  it.each([
    ['words', '  Grace Hopper ', 'Grace Hopper'],
    ['a non-joiner in Persian', 'شرکت می\u200cخواهم'],
    ['a joiner in Sinhala', 'ශ්\u200dරී ලංකා'],
    ['a joiner at the end of a word in Malayalam', 'മോഹന\u0d4d\u200d'],
    ['marks', 'Zoe\u0308'],
    ['an emoji', 'Lamps \u2764\ufe0f 😀'],
    ['symbols', '& 1'],
  ])('takes %s', (_, given, kept = given) => {
    expect(name.parse(given)).toBe(kept);
  });

  it.each([
    ['a line break', 'Grace\nBcc: alan@example.com'],
    ['a separator of lines', 'Grace\u2028Hopper'],
    ['an escape sequence', 'Grace\u001b[2K'],
    ['a control character of Latin-1', 'Grace\u009b2K'],
    ['a turned direction of writing', 'Grace\u202eexe.fdp'],
    ['an isolated direction of writing', '\u2067Grace\u2069'],
    ['a space that has no width', 'Gr\u200bace'],
    ['a hyphen that is not seen', 'Gr\u00adace'],
    ['a byte-order mark', '\ufeffGrace'],
    ['tags', 'Grace\u{e0041}'],
    ['a joiner at its end', 'Grace\u200d'],
    ['a joiner beside a space', 'Grace \u200dHopper'],
    ['two joiners', 'می\u200c\u200cخواهم'],
  ])('does not take %s', (_, given) => {
    expect(name.safeParse(given).success).toBe(false);
  });

  it.each([
    ['no width', '\u200b'],
    ['fillers', '\u3164\u115f'],
    ['the blank of Braille', '\u2800'],
    ['a selector of variants', '\ufe0f'],
    ['a mark', '\u0301'],
    ['spaces', ' \u3000'],
  ])('is not made of %s alone', (_, given) => {
    expect(name.safeParse(given).success).toBe(false);
  });
});
