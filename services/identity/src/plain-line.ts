import { z } from 'zod';

/**
 * No control characters (Cc) and no separators of lines or paragraphs (Zl, Zp). Spelled out, as the pattern stands in the API's
 * document: JSON Schema leaves it open whether a reader knows Unicode's property names.
 */
const ONE_LINE = new RegExp(String.raw`^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$`);

/**
 * A name of one line. Names stand in letters and in their subjects: with line breaks in it, a stranger's name would be a stranger's
 * letter under our address (CWE-93).
 */
export function plainLine(longest: number) {
  return z.string().trim().min(1).max(longest).regex(ONE_LINE, 'One line, without control characters');
}
