import { canonicalJsonOfParsed, type JsonObject } from '@vouchsafe/transparency-log';
import { objectIn, otherMembers, textIn, type EntryFields } from './entry-fields.js';

/** The columns of entries.csv: P23's figures first, what else the entry says as JSON in the last two. */
export const CSV_COLUMNS = [
  'log_id',
  'index',
  'recorded_at',
  'occurred_at',
  'id',
  'actor_type',
  'actor_id',
  'operation',
  'entity_type',
  'entity_id',
  'outcome',
  'source_ip',
  'url',
  'user_agent',
  'request_id',
  'undisclosed',
  'state',
  'details',
  'other',
] as const;

/** RFC 4180: lines end in CR LF, the first names the columns. */
export const CSV_HEADER = `${CSV_COLUMNS.join(',')}\r\n`;

/**
 * The row of an entry. A value that is not disclosed is an empty cell; `undisclosed` says how many there are, `state`
 * whether values were erased and whether a legal hold covers the entry.
 */
export function csvRow({ logId, index, entry, undisclosed, erased, held }: EntryFields): string {
  const actor = objectIn(entry, 'actor');
  const entity = objectIn(entry, 'entity');
  const cells = [
    logId,
    String(index),
    textIn(entry, 'recordedAt'),
    textIn(entry, 'occurredAt'),
    textIn(entry, 'id'),
    textIn(actor, 'type'),
    textIn(actor, 'id'),
    textIn(entry, 'operation'),
    textIn(entity, 'type'),
    textIn(entity, 'id'),
    textIn(entry, 'outcome'),
    textIn(entry, 'sourceIp'),
    textIn(entry, 'url'),
    textIn(entry, 'userAgent'),
    textIn(entry, 'requestId'),
    String(undisclosed),
    `${erased ? 'erased' : ''}${erased && held ? ' ' : ''}${held ? 'held' : ''}`,
    jsonCell(objectIn(entry, 'details')),
    jsonCell(otherMembers(entry)),
  ];
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * One cell. What a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection), and so does
 * what starts with an apostrophe, so that taking one off gives the value back.
 */
export function csvCell(value: string): string {
  if (value === '') return '';
  const safe = /^[=+\-@\t\r\n'＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function jsonCell(object: JsonObject): string {
  return Object.keys(object).length === 0 ? '' : canonicalJsonOfParsed(object);
}
