/** @promise P30, P28 rows as CSV (RFC 4180) that no spreadsheet takes for formulas and that every reader can turn back */
import { csvJson, quoted, startsFormula } from '@vouchsafe/forensic-bundle';
import type { ReturnedColumn, ReturnedTable } from '@vouchsafe/service-host';

/** The last column of every table: which cells of the row have an apostrophe in front that does not belong to the value. */
export const ESCAPED_CELLS = 'escapedCells';

export function csvHeader({ columns }: ReturnedTable): string {
  return `${[...columns.map(({ name }) => name), ESCAPED_CELLS].map((name) => quoted(name)).join(',')}\r\n`;
}

/** @param row as the API shows it: `actor.type` is the member `type` of its member `actor` */
export function csvRow({ columns }: ReturnedTable, row: object): string {
  const escaped: string[] = [];
  const cells = columns.map((column) => {
    const value = valueAt(row, column.name);
    if (value === null || value === undefined) return '';
    const text = textOf(column, value);
    if (column.datatype === 'json') return csvJson(text);
    // Where a text is empty, its cell would read as no value.
    if (!isText(column) || !(startsFormula(text) || text === '')) return quoted(text);
    escaped.push(column.name);
    return quoted(`'${text}`);
  });
  return `${[...cells, escaped.join(' ')].join(',')}\r\n`;
}

function isText({ datatype }: ReturnedColumn): boolean {
  return datatype === 'string' || datatype === 'dateTime';
}

function valueAt(row: object, name: string): unknown {
  let value: unknown = row;
  for (const member of name.split('.')) {
    if (typeof value !== 'object' || value === null) return null;
    value = Object.hasOwn(value, member) ? (value as Record<string, unknown>)[member] : null;
  }
  return value;
}

function textOf({ name, datatype }: ReturnedColumn, value: unknown): string {
  if (datatype === 'json') return JSON.stringify(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`A row has no plain value in ${name}`);
}
