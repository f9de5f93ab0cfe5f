import { UsageError } from '../command-line.js';
import { isPlainLine } from '../inputs.js';

/** Who settles a dead letter, why and when: recorded in the audit log. */
export interface Settlement {
  /** The name that the person gave; it is not verified. */
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/**
 * A text for the audit log, where it stays permanently: one line of printable characters.
 * @throws UsageError
 */
export function singleLine(option: string, given: string, most: number): string {
  const text = given.trim();
  if (text === '') throw new UsageError(`${option} is required: it is recorded in the audit log.`);
  if (text.length > most) throw new UsageError(`${option} can have at most ${most} characters.`);
  if (!isPlainLine(text))
    throw new UsageError(`${option} must be visible text, without control characters or line breaks.`);
  return text;
}
