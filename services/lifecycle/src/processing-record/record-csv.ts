/** @promise P28 the record as CSV that no spreadsheet takes for formulas */
import { csvCell } from '@vouchsafe/forensic-bundle';
import type { ProcessingRecord } from './make-record.js';

const COLUMNS = ['section', 'item', 'property', 'value'];

/** RFC 4180: a value a row, so that lists need no separator of their own. An empty value is one that is missing. */
export function recordCsv(record: ProcessingRecord): string {
  const rows = Object.entries(record).flatMap(([section, content]) => rowsOf(section, content));
  return [COLUMNS, ...rows].map((row) => `${row.map((cell) => csvCell(cell)).join(',')}\r\n`).join('');
}

function rowsOf(section: string, content: ProcessingRecord[keyof ProcessingRecord]): string[][] {
  if (content === null || typeof content === 'string') return [[section, '', '', content ?? '']];
  if (!Array.isArray(content)) return propertiesOf(section, '', content);
  return content.flatMap((item, index) =>
    typeof item === 'string'
      ? [[section, String(index + 1), '', item]]
      : propertiesOf(section, String(index + 1), item),
  );
}

function propertiesOf(
  section: string,
  item: string,
  properties: Readonly<Record<string, string | readonly string[] | null>>,
): string[][] {
  return Object.entries(properties).flatMap(([property, value]) =>
    (typeof value === 'string' || value === null ? [value ?? ''] : value).map((one) => [
      ...[section, item, property, one],
    ]),
  );
}
