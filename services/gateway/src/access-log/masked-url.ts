/**
 * @promise P22 masks query values in the access log, but for an allow list
 * @promise P17 masks card numbers
 */
import { maskedPath, queryTextHoldsCardNumber } from '@vouchsafe/service-host';

/**
 * Query fields whose values may stand in the access log: they say which page of what was asked for and cannot hold a
 * secret or a person's data. An allow list (P22, P23): every other value is masked.
 */
const SHOWN = new Set([
  'limit',
  'order',
  'sort',
  'format',
  'status',
  'outcome',
  'operation',
  'from',
  'to',
  'since',
  'until',
]);

/** What a shown value may look like; a token under an innocent name stays masked. */
const INNOCENT = /^[A-Za-z0-9_.:+-]{0,40}$/;

const NAME = /^[A-Za-z0-9_.-]{1,40}$/;

/** The URL executed, fit for the access log: query values masked unless they are on the allow list, the path but for secrets as it is. */
export function maskedUrl(url: string): string {
  const [asked, query] = splitOnce(url, '?');
  const path = maskedPath(asked);
  if (query === undefined) return path;
  const fields = query.split('&').map((field) => {
    const [name, value] = splitOnce(field, '=');
    // A field without a value may be the value itself: it is masked, too.
    if (value === undefined) return name === '' ? '' : '***';
    if (SHOWN.has(name) && INNOCENT.test(value) && !queryTextHoldsCardNumber(value)) return field;
    return `${NAME.test(name) && !queryTextHoldsCardNumber(name) ? name : '***'}=***`;
  });
  return `${path}?${fields.join('&')}`;
}

/** Besides UUIDs: a number, or a version such as `2026-01`. */
const PLAIN_NUMBER = /^\d{1,4}(?:[.-]\d{1,2}){0,2}$/;

/**
 * The id that a path names, fit for the access log, where it stands in clear: whatever else a caller writes in its place could be a name,
 * and nobody could erase it (P10).
 */
export function maskedId(id: string): string {
  return PLAIN_NUMBER.test(id) ? id : '***';
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
