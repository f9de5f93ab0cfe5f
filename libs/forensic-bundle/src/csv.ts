import type { EntryFields, EntryMarks } from './entry-fields.js';

/** The columns of entries.csv, version 2: P23's figures first, what else the entry says as JSON in the last two. */
export const CSV_COLUMNS = [
  'log_id',
  'index',
  'recorded_at',
  'occurred_at',
  'id',
  'source',
  'submitter_type',
  'submitter_id',
  'provenance',
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
export function csvRow(fields: EntryFields, { logId, index, undisclosed, erased, held }: EntryMarks): string {
  const { submitter, actor, entity } = fields;
  const texts = [
    ...[fields.recordedAt, fields.occurredAt, fields.id],
    ...[fields.source, submitter.type, submitter.id, fields.provenance],
    ...[actor.type, actor.id, fields.operation, entity.type, entity.id, fields.outcome],
    ...[fields.sourceIp, fields.url, fields.userAgent, fields.requestId],
  ];
  let row = `${logId},${index}`;
  for (const text of texts) row += `,${csvCell(text)}`;
  const state = erased ? (held ? 'erased held' : 'erased') : held ? 'held' : '';
  return `${row},${undisclosed},${state},${csvJsonCell(fields.details)},${csvJsonCell(fields.other)}\r\n`;
}

/**
 * One cell. What a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection), and so does
 * an apostrophe in its place, so that taking them off gives the value back. Not all programs split at commas: behind
 * what another one would split at, a formula is one, too.
 */
export function csvCell(text: string): string {
  if (PLAIN.test(text)) return text;
  const safe = text.replaceAll(FORMULA, "'$&");
  return quoted(/^[\t\r\n]/.test(text) ? `'${safe}` : safe);
}

/** An object as canonical JSON, empty where it has no members: a formula in one of its texts is escaped as JSON escapes. */
export function csvJsonCell(json: string): string {
  return json === '{}' ? '' : quoted(json.replaceAll(FORMULA, jsonEscape));
}

/** Printable ASCII with nothing to quote and nothing to defuse: most cells, at a tenth of the price. */
const PLAIN = /^(?! *[=+\-@'])[\x20\x21\x23-\x2b\x2d-\x3a\x3c-\x7b\x7d\x7e]*$/;

/** A formula character with nothing but quotes and white space between it and a start: the text's, or behind a separator. */
const FORMULA = /[=+\-@'＝＋－＠](?<=(?:^|[;|\t\r\n])["\s]*.)/g;

function jsonEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function quoted(cell: string): string {
  return /[",;|\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
