import {
  emptyBytes,
  endOf,
  Kind,
  kindOf,
  reserve,
  startOf,
  textOf,
  writeByte,
  writeSpan,
  writeText,
  type Bytes,
} from '@vouchsafe/transparency-log';
import {
  fieldsOf,
  jsonOf,
  NOWHERE,
  roomForLine,
  type EntryFields,
  type EntryMarks,
  type Found,
} from './entry-fields.js';

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
export function writeCsvRow(to: Bytes, found: Found, marks: EntryMarks): void {
  reserve(to, roomForLine(found));
  writeText(to, marks.logId);
  writeByte(to, COMMA);
  writeText(to, String(marks.index));
  writeCell(to, found, found.recordedAt);
  writeCell(to, found, found.occurredAt);
  writeCell(to, found, found.id);
  writeCell(to, found, found.actorType);
  writeCell(to, found, found.actorId);
  writeCell(to, found, found.operation);
  writeCell(to, found, found.entityType);
  writeCell(to, found, found.entityId);
  writeCell(to, found, found.outcome);
  writeCell(to, found, found.sourceIp);
  writeCell(to, found, found.url);
  writeCell(to, found, found.userAgent);
  writeCell(to, found, found.requestId);
  writeByte(to, COMMA);
  writeText(to, String(marks.undisclosed));
  writeByte(to, COMMA);
  if (marks.erased) writeText(to, marks.held ? 'erased held' : 'erased');
  else if (marks.held) writeText(to, 'held');
  writeJsonCell(to, jsonOf(found, 'details', true));
  writeJsonCell(to, jsonOf(found, 'other', true));
  writeByte(to, 0x0d);
  writeByte(to, 0x0a);
}

/** `writeCsvRow` of plain values. */
export function csvRow(fields: EntryFields): string {
  const row = emptyBytes();
  writeCsvRow(row, fieldsOf(fields.entry), fields);
  return row.buffer.toString('utf8', 0, row.length);
}

const [COMMA, QUOTE] = [0x2c, 0x22];

/** A cell behind its comma. Plain text is copied as it stands in the leaf: all that it can hold to be quoted for is a comma. */
function writeCell(to: Bytes, { reader: { tape } }: Found, node: number): void {
  writeByte(to, COMMA);
  if (node === NOWHERE) return;
  if (kindOf(tape, node) !== Kind.plainText) {
    writeText(to, csvCell(textOf(tape, node)));
    return;
  }
  const start = startOf(tape, node) + 1;
  const end = endOf(tape, node) - 1;
  if (start === end) return;
  const first = tape.bytes[start] ?? 0;
  let isQuoted = false;
  for (let i = start; i < end; i++) if (tape.bytes[i] === COMMA) isQuoted = true;
  if (isQuoted) writeByte(to, QUOTE);
  if (IS_FORMULA_START[first] === 1) writeByte(to, 0x27);
  writeSpan(to, tape.bytes, start, end);
  if (isQuoted) writeByte(to, QUOTE);
}

const IS_FORMULA_START = new Uint8Array(256);
for (const byte of Buffer.from("=+-@'")) IS_FORMULA_START[byte] = 1;

/** An object; empty when it has no members. It holds quotes, so it is quoted; it begins with a brace, so it is no formula. */
function writeJsonCell(to: Bytes, { buffer, length }: Bytes): void {
  writeByte(to, COMMA);
  if (length === 2) return;
  const target = to.buffer;
  let at = to.length;
  target[at++] = QUOTE;
  for (let i = 0; i < length; i++) {
    const byte = buffer[i] ?? 0;
    target[at++] = byte;
    if (byte === QUOTE) target[at++] = QUOTE;
  }
  target[at++] = QUOTE;
  to.length = at;
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
