import { describe, expect, it } from '@jest/globals';
import { canonicalJson, emptyBytes, makeLeaf, openLeaf, type Json } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { csvRow } from './csv.js';
import { describeEntry } from './entry.js';
import { ocsfLine } from './ocsf.js';

const LOG_ID = 'log-12345678';
const RECORDED_AT = '2026-11-22T12:00:00.000Z';
const KNOWN = ['id', 'actor', 'entity', 'operation', 'outcome', 'sourceIp', 'url', 'details', 'type'];

describe('the lines of an entry', () => {
  it('written from its leaf and disclosures say what the opened entry says', () => {
    const name = fc
      .oneof(fc.constantFrom(...KNOWN, '10', '9', '__proto__'), fc.string({ maxLength: 4 }))
      .filter((n) => !['_sd', '_sd_alg', '...', 'recordedAt'].includes(n));
    const text = fc.string({ unit: 'binary', maxLength: 9 }).filter((value) => value.isWellFormed());
    const plain = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null));
    const value = fc.oneof(
      plain,
      fc.array(plain, { maxLength: 2 }),
      fc.dictionary(name, plain, { maxKeys: 3 }),
    );
    const member = fc.tuple(name, value, fc.constantFrom('clear', 'hidden', 'opened'));
    fc.assert(
      fc.property(fc.uniqueArray(member, { selector: ([n]) => n }), fc.boolean(), (members, mark) => {
        const { leaf, disclosures } = leafOf(members);
        const lines = { csv: emptyBytes(), ocsf: emptyBytes() };
        const marks = { index: 7, erased: mark, held: !mark };
        const described = describeEntry(LOG_ID, { ...marks, leaf, disclosures }, lines);
        const opened = openLeaf(leaf, disclosures);
        if (opened.status !== 'opened') throw new Error(opened.status);
        const fields = { logId: LOG_ID, ...marks, ...opened };
        expect(described).toEqual({
          status: 'described',
          recordedAt: RECORDED_AT,
          undisclosed: opened.undisclosed,
        });
        expect(lines.csv.buffer.toString('utf8', 0, lines.csv.length)).toBe(csvRow(fields));
        const ocsf = lines.ocsf.buffer.toString('utf8', 0, lines.ocsf.length);
        expect(canonicalJson(JSON.parse(ocsf))).toBe(canonicalJson(JSON.parse(ocsfLine(fields))));
        // Its members stand as JavaScript orders them: whoever parses it and writes it again has the same bytes.
        expect(`${JSON.stringify(JSON.parse(ocsf))}\n`).toBe(ocsf);
      }),
      { numRuns: 500 },
    );
  });
});

function leafOf(members: readonly [name: string, value: Json, how: 'clear' | 'hidden' | 'opened'][]) {
  const clear = members.filter(([, , how]) => how === 'clear').map(([name, value]) => [name, value]);
  const disclosable = members.filter(([, , how]) => how !== 'clear');
  const made = makeLeaf(
    { ...(Object.fromEntries(clear) as Record<string, Json>), recordedAt: RECORDED_AT },
    disclosable.map(([name, value], i) => ({ path: [name], value, salt: Buffer.alloc(16, i) })),
  );
  if (made.status !== 'made') throw new Error(made.status);
  const opened = new Set(disclosable.flatMap(([name, , how]) => (how === 'opened' ? [name] : [])));
  const disclosures = made.disclosures.flatMap((d) => (opened.has(d.name) ? [d.disclosure] : []));
  return { leaf: made.leaf, disclosures };
}
