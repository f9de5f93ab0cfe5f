/** @promise P28 keeps spreadsheets from taking a cell for a formula */
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
 * an apostrophe in its place, so that taking them off gives the value back. Not all programs split where RFC 4180
 * does: behind whatever another one would split at, a formula is one, too.
 */
export function csvCell(text: string): string {
  if (PLAIN.test(text)) return text;
  const safe = text.replace(FORMULA, "'$&");
  return quoted(STARTS_WITH_SEPARATOR.test(text) ? `'${safe}` : safe);
}

/** An object as canonical JSON, empty where it has no members. */
export function csvJsonCell(json: string): string {
  return json === '{}' ? '' : csvJson(json);
}

/** JSON that reads as before: a formula in one of its strings is escaped as JSON escapes. */
export function csvJson(json: string): string {
  return quoted(
    MAY_HOLD_FORMULA.test(json) ? json.replace(STRING, (one) => one.replace(FORMULA, jsonEscape)) : json,
  );
}

/** Whether a program may take the text for a formula, or cut it up so that it begins with one, when it reads it from its first character. */
export function startsFormula(text: string): boolean {
  return !PLAIN.test(text) && (STARTS_FORMULA.test(text) || STARTS_WITH_SEPARATOR.test(text));
}

/** Printable ASCII with nothing to quote and nothing to defuse: most cells, at a tenth of the cost. */
const PLAIN = /^(?![ \\]*[=+\-@'])[\x20\x21\x23-\x2b\x2d-\x3a\x3c-\x7b\x7d\x7e]*$/;

/** What some program splits at: commas, semicolons, bars, tabs, and the line ends of Unicode and of Python's `splitlines`. */
const SEPARATOR = oneOf('9-D 1C-1F 2C 3B 7C 85 2028 2029');

/**
 * What a program may trim, drop or show as nothing: quotes, backslashes (the escape of some readers), controls, spaces, format and
 * ignorable characters of Unicode 17, and what XML cannot hold. A list, and no property of Unicode: what an engine knows of these
 * changes from year to year.
 */
const SKIPPED = oneOf(
  '0-8 E-1B 20 22 5C 7F-84 86-A0 AD 34F 600-605 61C 6DD 70F 890-891 8E2 115F-1160 1680 17B4-17B5 180B-180F 2000-200F ' +
    '202A-202F 205F-206F 2800 3000 3164 FE00-FE0F FEFF FFA0 FFF0-FFFF 110BD 110CD 13430-1343F 1BCA0-1BCA3 ' +
    '1D173-1D17A E0000-E0FFF',
);

/** `= + - @`, the minus sign, and what compatibility forms (NFKC) make of them; the apostrophe, so that it can be told from ours. */
const FORMULA_CHARACTER = oneOf(
  '27 2B 2D 3D 40 207A-207C 208A-208C 2212 2A75-2A76 FB29 FE62-FE63 FE66 FE6B FF0B FF0D FF1D FF20',
);

/** A formula character with nothing that counts between it and a start: the text's, or behind a separator. */
const FORMULA = new RegExp(`${FORMULA_CHARACTER}(?<=(?:^|${SEPARATOR})${SKIPPED}*.)`, 'gu');
const STARTS_WITH_SEPARATOR = new RegExp(`^${SEPARATOR}`, 'u');
const STARTS_FORMULA = new RegExp(`^${SKIPPED}*${FORMULA_CHARACTER}`, 'u');
const TO_QUOTE = new RegExp(`"|${SEPARATOR}`, 'u');

/** With its quotes, which are skipped: so its start is one. */
const STRING = /"(?:[^"\\]|\\.)*"/g;
/** Looked for from its end, as `FORMULA` is: from a start, each of many quotes in a row would look through all the others. */
const MAY_HOLD_FORMULA = new RegExp(`${FORMULA_CHARACTER}(?<=(?:"|${SEPARATOR})${SKIPPED}*.)`, 'u');

/** The class of these code points: hexadecimal, or first and last of a range. */
function oneOf(codePoints: string): string {
  return `[${codePoints.replaceAll(/[0-9A-F]+/g, '\\u{$&}').replaceAll(' ', '')}]`;
}

function jsonEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export function quoted(cell: string): string {
  return TO_QUOTE.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
