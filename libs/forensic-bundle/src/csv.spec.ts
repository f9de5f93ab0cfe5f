/** @promise P28 cells that look like formulas */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from '@jest/globals';
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

/** What a program may trim, drop or show as nothing, as this engine's Unicode has it: not our list. */
const UNSEEN_NOW = /^[\p{Cc}\p{Cf}\p{Z}\p{DI}\s"\\\u2800\ufff0-\uffff]$/u;
/** The line ends of Unicode and of Python, and what else separates fields in other formats. */
const SEPARATORS = Array.from(',;|\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029');
const ALL_CHARACTERS = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));
/** What a spreadsheet runs, or what Unicode's compatibility forms (NFKC) make such a character of. */
const FORMULAS = new Set(ALL_CHARACTERS.filter((one) => /^[=+\-@\u2212]/.test(one.normalize('NFKC'))));
const UNSEEN = new Set(ALL_CHARACTERS.filter((one) => UNSEEN_NOW.test(one)));

/** Full of what matters to a reader, of this format or of another one. */
const spiky = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...FORMULAS),
    fc.constantFrom(...SEPARATORS),
    fc.constantFrom(...[...UNSEEN].filter((one) => one < '\u3100')),
    fc.constantFrom(...UNSEEN),
    fc.constantFrom('"', "'", ',', '=', ' ', '\\', '{', '}', 'a', 'x', '1', 'ü', '😀'),
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
    ['; "=1', `"'; ""'=1"`],
    ['', ''],
    ['a, b', '"a, b"'],
    ['a, =b', `"a, '=b"`],
    [',a', `"',a"`],
    ['\u200b=1', "\u200b'=1"],
    ['\u00ad\u00a0\ufeff\u0000@a', "\u00ad\u00a0\ufeff\u0000'@a"],
    ['\u{e0001}=1', "\u{e0001}'=1"],
    ['\u2028=1', `"'\u2028'=1"`],
    ['x\x85=1', `"x\x85'=1"`],
    ['x\x1f-1', `"x\x1f'-1"`],
    ['x\v\u2060+1', `"x\v\u2060'+1"`],
    ['\\=1', "\\'=1"],
    ['\u22121', "'\u22121"],
    ['\ufe66\ufe621', "'\ufe66\ufe621"],
  ])('writes %j as %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it.each([
    ['a;=1', '"{""a"":""a;\\u003d1""}"'],
    ['a| ＋1', '"{""a"":""a| \\uff0b1""}"'],
    ["a;'1", '"{""a"":""a;\\u00271""}"'],
    ['=1', '"{""a"":""\\u003d1""}"'],
    ['\u200b=1', '"{""a"":""\u200b\\u003d1""}"'],
    ['a,\u2028@1', '"{""a"":""a,\u2028\\u00401""}"'],
    ['"=1', '"{""a"":""\\""\\u003d1""}"'],
    ['\\@1', '"{""a"":""\\\\\\u00401""}"'],
  ])('writes %j within JSON as %j', (text, cell) => {
    expect(csvJsonCell(canonicalJson({ a: text }))).toBe(cell);
  });

  it('leaves many quotes in a row as they are, with no formula after them', () => {
    const json = canonicalJson({ a: '"'.repeat(100_000) });
    expect(csvJsonCell(json)).toBe(`"${json.replaceAll('"', '""')}"`);
  });

  it('leaves numbers in JSON as they are', () => {
    expect(csvJsonCell('{"-a":-1,"b":[-2,"-2",-3]}')).toBe('"{""\\u002da"":-1,""b"":[-2,""\\u002d2"",-3]}"');
  });

  it('knows every character that separates, that is not seen, and that may begin a formula', () => {
    for (const separator of SEPARATORS) expect(csvCell(`a${separator}=1`)).toBe(`"a${separator}'=1"`);
    // A later Unicode may have more: those are for a later version of the format.
    for (const unseen of UNSEEN) expect(csvCell(`${unseen}=1`)).toContain("'=1");
    for (const formula of FORMULAS) expect(csvCell(formula)).toBe(`'${formula}`);
    for (const letter of 'aZ0ü中😀') expect(csvCell(`${letter}=1`)).toBe(`${letter}=1`);
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

  it('starts no cell with a formula for a reader that splits wherever it likes, whatever it makes of quotes', () => {
    fc.assert(
      fc.property(spiky, spiky, fc.dictionary(spiky, spiky), (a, b, details) => {
        const row = rowOf({ id: a, url: b, actor: { id: b }, details, odd: a });
        for (const cells of [
          ...SEPARATORS.map((separator) => row.split(separator)),
          row.split(ANY_SEPARATOR),
          ...readRow(row).map((cell) => cell.split(ANY_SEPARATOR)),
        ]) {
          expect(cells.filter(startsFormula)).toEqual([]);
        }
      }),
      { numRuns: 500 },
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
  const texts = [...fc.sample(spiky, { numRuns: 300, seed: 7 }), ...SEPARATORS.map((one) => `a${one}=1`)];
  const rows = texts.map((text, i) => rowOf({ id: text, url: `/documents/${i}`, details: { text } }));
  let read: Readonly<Record<'file' | 'lines', Record<string, string>[]>> & {
    readonly delimiter: string;
    readonly starts: readonly string[];
  };
  beforeAll(() => {
    const input = `${CSV_HEADER}${rows.join('')}`;
    const env = { ...process.env, PYTHONUTF8: '1' };
    const output = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
    read = JSON.parse(execFileSync(python() ?? '', ['-c', READER], { input, env, ...output })) as typeof read;
  });

  it.each(['file', 'lines'] as const)('reads the values back, and finds the comma by itself: %s', (how) => {
    expect(read.delimiter).toBe(',');
    expect(read[how].map((row) => withoutApostrophes(row.id ?? ''))).toEqual(texts);
    expect(read[how].map((row) => JSON.parse(row.details ?? '') as unknown)).toEqual(
      texts.map((text) => ({ text })),
    );
  });

  it('finds no formula, at whatever it splits', () => {
    expect(read.starts.length).toBeGreaterThan(texts.length * SEPARATORS.length);
    expect(read.starts.filter(startsFormula)).toEqual([]);
  });
});

/** As a file, by `splitlines` with and without the line ends, each delimiter, with and without quotes and escapes. */
const READER = `
import csv, io, json, sys
text = sys.stdin.buffer.read().decode("utf-8")
found = csv.Sniffer().sniff(text.splitlines()[0])
file = list(csv.DictReader(io.StringIO(text, newline="")))
lines = list(csv.DictReader(text.splitlines(keepends=True)))
starts = text.splitlines()
for delimiter in ",;|\\t\\x0b\\x0c\\x1c\\x1d\\x1e\\x1f\\x85\\u2028\\u2029":
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        for escapechar in (None, "\\\\"):
            for source in (io.StringIO(text, newline=""), text.splitlines(keepends=True), text.splitlines()):
                for row in csv.reader(source, delimiter=delimiter, quoting=quoting, escapechar=escapechar):
                    starts += row
json.dump({"delimiter": found.delimiter, "file": file, "lines": lines, "starts": starts}, sys.stdout)
`;

const ANY_SEPARATOR = new RegExp(`[${SEPARATORS.join('')}]`);

/** A cell that a spreadsheet might run: it may drop what is not seen, and may not know quotes. A number of JSON is none. */
function startsFormula(cell: string): boolean {
  let first = '';
  for (first of cell) if (!UNSEEN.has(first)) break;
  return FORMULAS.has(first) && !/^-\d[\d.e+-]*[\]}"]*$/.test(cell);
}

/** docs/formats.md, 'Cells, version 2', read character by character: not our writer backwards. */
function withoutApostrophes(cell: string): string {
  const characters = Array.from(cell);
  let text = '';
  let isAtStart = true;
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at] ?? '';
    if (isAtStart && character === "'") {
      character = characters[++at] ?? '';
      // What it stood before is kept, whatever it is.
      isAtStart = SEPARATORS.includes(character);
    } else if (SEPARATORS.includes(character)) isAtStart = true;
    else if (!UNSEEN.has(character)) isAtStart = false;
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
