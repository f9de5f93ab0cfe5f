import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CSV_COLUMNS, CSV_HEADER, csvCell, csvRow } from './csv.js';

const fields = { logId: 'log-12345678', index: 7, undisclosed: 2, erased: true, held: true };

describe('entries.csv', () => {
  it('has P23’s figures, details and what else there is as JSON, and the markers', () => {
    const row = csvRow({
      ...fields,
      entry: {
        id: 'e1',
        recordedAt: '2026-11-22T12:00:00.000Z',
        actor: { type: 'user', id: 'u1' },
        operation: 'document.read',
        sourceIp: '192.0.2.1',
        details: { b: 1, a: [2] },
        status: 200,
        url: 5,
      },
    });
    expect(CSV_HEADER.startsWith('log_id,index,recorded_at,')).toBe(true);
    expect(row).toBe(
      'log-12345678,7,2026-11-22T12:00:00.000Z,,e1,user,u1,document.read,,,,192.0.2.1,,,,2,erased held,' +
        '"{""a"":[2],""b"":1}","{""status"":200,""url"":5}"\r\n',
    );
  });

  it('keeps an actor of another form in the last column', () => {
    const row = csvRow({ ...fields, entry: { actor: { type: 'user', id: 'u1', via: 'key' } } });
    expect(row).toContain('"{""actor"":{""id"":""u1"",""type"":""user"",""via"":""key""}}"');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx', "'x", '＝1'])(
    'never starts a cell with %j',
    (value) => {
      expect(csvCell(value).replace(/^"/, '').startsWith("'")).toBe(true);
    },
  );

  it('gives every value back to a reader of RFC 4180 that takes one apostrophe off', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (values) => {
        const cells = readRow(values.map(csvCell).join(','));
        expect(cells.map((cell) => cell.replace(/^'/, ''))).toEqual(values);
      }),
      { numRuns: 500 },
    );
  });

  it('has as many cells a row as columns, whatever the entry holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (entry) => {
        expect(readRow(csvRow({ ...fields, entry }).slice(0, -2))).toHaveLength(CSV_COLUMNS.length);
      }),
    );
  });
});

/** A reader of RFC 4180 by the book, not by our writer. */
function readRow(row: string): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= row.length; at++) {
    let cell = '';
    if (row[at] === '"') {
      for (at++; !(row[at] === '"' && row[at + 1] !== '"'); at++) {
        if (row[at] === '"') at++;
        cell += row[at] ?? '';
      }
      at++;
    } else {
      for (; at < row.length && row[at] !== ','; at++) cell += row[at] ?? '';
    }
    cells.push(cell);
  }
  return cells;
}
