import { isUtf8 } from 'node:buffer';
import { firstOf, withoutCardNumbers } from '@vouchsafe/service-host';

/** Longest that a value from outside stands in an entry, in UTF-16 code units (`length` of JavaScript, Java and C#). */
const LONGEST = { userAgent: 512, url: 2048 } as const;

/** What an entry says beside a value that it holds the beginning of: how long the whole was, in the same units. */
export interface CutLengths {
  readonly userAgentLength?: number;
  readonly urlLength?: number;
}

export interface Cut {
  readonly url: string;
  readonly userAgent: string | null;
  readonly lengths: CutLengths;
}

/** @param url masked @param userAgent the header's value as Node gives it */
export function cut(url: string, userAgent: string | undefined): Cut {
  const agent = userAgent === undefined ? null : withoutCardNumbers(textOf(userAgent));
  return {
    url: firstOf(url, LONGEST.url),
    userAgent: agent === null ? null : firstOf(agent, LONGEST.userAgent),
    lengths: {
      ...(agent !== null && agent.length > LONGEST.userAgent ? { userAgentLength: agent.length } : {}),
      ...(url.length > LONGEST.url ? { urlLength: url.length } : {}),
    },
  };
}

/**
 * A header is bytes, and Node gives a character for each (ISO 8859-1). Senders of more than ASCII mean UTF-8, where the bytes are
 * that; any others stay as they are (RFC 9110 section 5.5).
 */
function textOf(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
}
