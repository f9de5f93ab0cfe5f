import { pathHoldsCardNumber } from './card-number/card-numbers-in-url.js';

/**
 * What in a path may be a secret of its own (an auditor's reader id, a log-in's challenge): longer than any id of ours, and random
 * to look at.
 */
const SECRET_SEGMENT = /^[A-Za-z0-9_-]{40,}$/;

/** What stays of a path that holds a card number, which may be spread over segments: words, and the version of the API. */
const WORD = /^(?:[a-z-]*|v[0-9])$/;

/** A path fit for logs and traces: whatever may be a secret in it is masked (P22), and card numbers are (P17). */
export function maskedPath(path: string): string {
  const holdsCard = pathHoldsCardNumber(path);
  return path
    .split('/')
    .map((segment) => (SECRET_SEGMENT.test(segment) || (holdsCard && !WORD.test(segment)) ? '***' : segment))
    .join('/');
}
