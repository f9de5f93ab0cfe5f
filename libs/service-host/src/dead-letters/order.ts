import { UsageError } from '../command-line.js';

/** Who settles a dead letter, and why; both stand in the audit log. */
export interface Order {
  /** What this person says of themselves: nobody has checked it. */
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/**
 * What stands in somebody's log for ever is one line of characters that show.
 * @throws UsageError
 */
export function words(option: string, given: string, most: number): string {
  const text = given.trim();
  if (text === '') throw new UsageError(`${option} is required: it is recorded in the audit log.`);
  if (text.length > most) throw new UsageError(`${option} can have at most ${most} characters.`);
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text))
    throw new UsageError(`${option} must not contain control characters or line breaks.`);
  return text;
}
