import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { python, withoutPython } from '@vouchsafe/testing';
import { canonicalJson, type JsonObject } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { CSV_COLUMNS, CSV_HEADER, csvCell, csvJsonCell, csvRow } from './csv.js';
import { fieldsOf } from './entry-fields.js';

const marks = { logId: 'log-12345678', index: 7, undisclosed: 2, erased: true, held: true };
const withPython = python() === undefined ? describe.skip : describe;

function rowOf(entry: JsonObject): string {
  return csvRow(fieldsOf(entry), marks);
}

/** What a spreadsheet runs. */
const FORMULAS = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/** Full of what matters to a reader, of this format or of another one. */
const spiky = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...FORMULAS, '😀', '\u2028', '\u00a0', '\u3000', 'ü'),
    fc.constantFrom('"', "'", ',', ';', '|', '\t', '\r', '\n', ' ', '\\', '{', '}', 'a', 'x', '1'),
  ),
  maxLength: 12,
});

describe('entries.csv', () => {
  it('has P23’s figures, who said it, details and what else there is as JSON, and the markers', () => {
    const row = rowOf({
      ...{ version: 2, source: 'crm', provenance: 'asserted', submitter: { type: 'api-key', id: 'k1' } },
      id: 'e1',
      recordedAt: '2026-11-22T12:00:00.000Z',
      actor: { type: 'user', id: 'u1' },
      operation: 'document.read',
      sourceIp: '192.0.2.1',
      details: { b: 1, a: [2] },
      url: 5,
    });
    expect(CSV_HEADER).toBe(
      'log_id,index,recorded_at,occurred_at,id,source,submitter_type,submitter_id,provenance,' +
        'actor_type,actor_id,operation,entity_type,entity_id,outcome,source_ip,url,user_agent,request_id,' +
        'undisclosed,state,details,other\r\n',
    );
    expect(row).toBe(
      'log-12345678,7,2026-11-22T12:00:00.000Z,,e1,crm,api-key,k1,asserted,' +
        'user,u1,document.read,,,,192.0.2.1,,,,2,erased held,' +
        '"{""a"":[2],""b"":1}","{""url"":5,""version"":2}"\r\n',
    );
  });

  it('derives of a leaf of version 1 whether somebody asserts it', () => {
    expect(rowOf({ source: 'api' })).toContain(',api,,,asserted,');
    expect(rowOf({ source: 'gateway' })).toContain(',gateway,,,observed,');
  });

  it('keeps an actor of another form in the last column', () => {
    for (const name of ['actor', 'entity', 'submitter']) {
      const row = rowOf({ [name]: { type: 'user', id: 'u1', via: 'key' } });
      expect(row).toContain(',user,u1,');
      expect(row).toContain(`"{""${name}"":{""id"":""u1"",""type"":""user"",""via"":""key""}}"`);
      expect(rowOf({ [name]: 'somebody' })).toContain(`"{""${name}"":""somebody""}"`);
    }
  });

  it.each([
    ['=1+1', "'=1+1"],
    [' =1', " '=1"],
    ["'x", "''x"],
    ['＝1', "'＝1"],
    ['a=1', 'a=1'],
    ['1-2', '1-2'],
    ['x;=1', `"x;'=1"`],
    ['x|@a', `"x|'@a"`],
    ['x;y', '"x;y"'],
    ['x\ty', '"x\ty"'],
    ['\tx', `"'\tx"`],
    ['\t=x', `"'\t'=x"`],
    ['x\n-1', `"x\n'-1"`],
    ['; "=1', `"; ""'=1"`],
    ['', ''],
    ['a, b', '"a, b"'],
  ])('writes %j as %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it.each([
    ['a;=1', '"{""a"":""a;\\u003d1""}"'],
    ['a| ＋1', '"{""a"":""a| \\uff0b1""}"'],
    ["a;'1", '"{""a"":""a;\\u00271""}"'],
    ['=1', '"{""a"":""=1""}"'],
  ])('writes %j within JSON as %j', (text, cell) => {
    expect(csvJsonCell(canonicalJson({ a: text }))).toBe(cell);
  });

  it('gives every text back to a reader of RFC 4180 that takes the apostrophes off', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(spiky, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 5 }),
        (values) => {
          expect(readRow(values.map(csvCell).join(',')).map(withoutApostrophes)).toEqual(values);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('gives every JSON back to a reader of RFC 4180 and of JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(spiky, fc.oneof(spiky, fc.array(spiky), fc.double())), (value) => {
        const json = canonicalJson(JSON.parse(JSON.stringify(value)));
        const [cell] = readRow(csvJsonCell(json));
        expect(canonicalJson(JSON.parse(cell === '' ? '{}' : (cell ?? '')))).toBe(json);
      }),
      { numRuns: 1000 },
    );
  });

  it('starts no cell with a formula for a reader that splits at something else, whatever it makes of quotes', () => {
    fc.assert(
      fc.property(spiky, spiky, fc.dictionary(spiky, spiky), (a, b, details) => {
        const row = rowOf({ id: a, url: b, actor: { id: b }, details, odd: a });
        for (const cells of [
          ...[';', '|', '\t'].map((separator) => row.split(separator)),
          row.split(/[;|\t\r\n]/),
          ...readRow(row).map((cell) => cell.split(/[;|\t\r\n]/)),
        ]) {
          for (const cell of cells) expect(startsFormula(cell)).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('has as many cells a row as columns, whatever the entry holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(spiky, fc.string())), (entry) => {
        expect(readRow(rowOf(entry).slice(0, -2))).toHaveLength(CSV_COLUMNS.length);
      }),
    );
  });
});

withPython(`Python’s csv module${withoutPython()}`, () => {
  it('reads the values back, finds the comma by itself, and no formula at any other separator', () => {
    const texts = fc.sample(spiky, { numRuns: 300, seed: 7 });
    const rows = texts.map((text, i) => rowOf({ id: text, url: `/documents/${i}`, details: { text } }));
    const read = JSON.parse(
      execFileSync(python() ?? '', ['-c', READER], {
        input: `${CSV_HEADER}${rows.join('')}`,
        encoding: 'utf8',
        env: { ...process.env, PYTHONUTF8: '1' },
        maxBuffer: 64 * 1024 * 1024,
      }),
    ) as { delimiter: string; rows: Record<string, string>[]; starts: string[] };
    expect(read.delimiter).toBe(',');
    expect(read.rows.map((row) => withoutApostrophes(row.id ?? ''))).toEqual(texts);
    expect(read.rows.map((row) => JSON.parse(row.details ?? '') as unknown)).toEqual(
      texts.map((text) => ({ text })),
    );
    expect(read.starts.length).toBeGreaterThan(texts.length);
    expect(read.starts.filter(startsFormula)).toEqual([]);
  });
});

const READER = `
import csv, io, json, sys
text = sys.stdin.buffer.read().decode("utf-8")
found = csv.Sniffer().sniff(text.splitlines()[0])
rows = list(csv.DictReader(io.StringIO(text, newline="")))
starts = []
for delimiter in ";|\\t":
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting):
            starts += row
json.dump({"delimiter": found.delimiter, "rows": rows, "starts": starts}, sys.stdout)
`;

/** A cell that a spreadsheet might run: it may trim it, and may not know quotes. */
function startsFormula(cell: string): boolean {
  return FORMULAS.includes(cell.replace(/^["\s]+/, '').slice(0, 1));
}

/** docs/formats.md, 'Cells, version 2', read character by character: not our writer backwards. */
function withoutApostrophes(cell: string): string {
  let text = '';
  let isAtStart = true;
  for (let at = 0; at < cell.length; at++) {
    let character = cell[at] ?? '';
    if (isAtStart && character === "'") {
      character = cell[++at] ?? '';
      // What it stood before is kept, whatever it is.
      isAtStart = /[;|\t\r\n]/.test(character);
    } else if (/[;|\t\r\n]/.test(character)) isAtStart = true;
    else if (!/["\s]/.test(character)) isAtStart = false;
    text += character;
  }
  return text;
}

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
