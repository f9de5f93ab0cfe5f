/** @promise P30 what a program that knows nothing of us must know of the tables: CSV on the Web (W3C, tabular metadata) */
import type { ReturnedTable } from '@vouchsafe/service-host';
import { type ArchivePlan, fileOfTable } from './archive-plan.js';
import { ESCAPED_CELLS } from './csv-table.js';

const context = ['http://www.w3.org/ns/csvw', { '@language': 'en' }];

/** Said whole: its defaults would leave out rows that begin with `#`. */
const dialect = {
  encoding: 'utf-8',
  lineTerminators: ['\r\n'],
  quoteChar: '"',
  doubleQuote: true,
  delimiter: ',',
  header: true,
  headerRowCount: 1,
  commentPrefix: null,
  skipInitialSpace: false,
  trim: false,
};

/** Beside each file: `members.csv-metadata.json` describes `members.csv`. */
export function tableMetadata(table: ReturnedTable, url: string): object {
  return { '@context': context, dialect, ...described(table, url, []) };
}

/** Of the whole archive, once all of its parts are unpacked into one folder. */
export function archiveMetadata({ tables }: ArchivePlan, filesOfTables: readonly number[]): object {
  const files = (nth: number) => filesOfTables[nth] ?? 0;
  /** A table in several files is referred to by none: a reference names one of them. */
  const isOneFile = (name: string) => files(tables.findIndex((table) => table.name === name)) === 1;
  return {
    '@context': context,
    dialect,
    tables: tables.flatMap((table, nth) =>
      Array.from({ length: files(nth) }, (_, file) =>
        described(
          table,
          fileOfTable(table, file + 1),
          table.references.filter(({ entity }) => isOneFile(entity)),
        ),
      ),
    ),
  };
}

function described(
  { name, meaning, columns, primaryKey }: ReturnedTable,
  url: string,
  references: ReturnedTable['references'],
): object {
  return {
    url,
    'dc:title': name,
    'dc:description': meaning,
    tableSchema: {
      columns: [
        ...columns.map((column) => ({
          ...{ name: column.name, titles: column.name, 'dc:description': column.meaning },
          ...{ datatype: column.datatype, required: column.required },
        })),
        {
          ...{ name: ESCAPED_CELLS, titles: ESCAPED_CELLS, datatype: 'string', separator: ' ' },
          'dc:description':
            'Names of the columns whose cell in this row has an apostrophe in front that does not belong to the value: it keeps ' +
            'spreadsheets from taking the value for a formula, and tells an empty text from no value',
        },
      ],
      primaryKey,
      ...(references.length > 0 && {
        foreignKeys: references.map(({ columns: columnReference, entity, entityColumns }) => ({
          columnReference,
          reference: { resource: `${entity}.csv`, columnReference: entityColumns },
        })),
      }),
    },
  };
}
