import { z } from 'zod';

/**
 * A name of one line. Names stand in letters and in their subjects: with line breaks in it, a stranger's name would be a stranger's
 * letter under our address (CWE-93).
 */
export function plainLine(longest: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'One line, without control characters');
}
