import { describe, expect, it } from '@jest/globals';
import { describeEntry } from '@vouchsafe/forensic-bundle';
import { makeLeaf, openLeaf, type Disclosable, type Json } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { DRAWN_FORMATS } from './drawn-formats.js';

/**
 * Two programs drawn from one page, docs/formats.md: the exporter's writers and the verifier's. Where they differ on any entry, one
 * of them, or the page, is wrong.
 */
const LOG_ID = 'log-12345678';
const TEXTS = ['Unknown', '::1', '192.0.2.1', '1.2.3', 'fe80::1%eth0', 'api', 'success', 'denied', 'unknown'];
const TIMES = [
  '2026-11-22T12:00:00.123456789Z',
  '2026-02-30T00:00:00.000Z',
  '2026-11-22T24:00:00.000Z',
  '2026',
];
const WORDS = ['session.create', 'session_endIt', 'userLogout', 'member.update', 'İnvite', 'ſession.open'];
const TYPES = ['user', 'api-key', 'Member', 'document', 'KEY', 'k\u212aey'];
const NAMES = ['id', 'type', 'actor', 'details', 'source', 'version', '10', '9', '__proto__', 'constructor'];

/** What CSV's rules tell apart: separators, characters that are skipped, formula characters; all of a plane now and then. */
const SEPARATORS = ',;|\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029';
const SKIPPED =
  '" \0\x1b\x7f\x84\x86\xa0\xad\u034f\u0600\u200b\u202e\u2060\u2800\u3000\u3164\ufeff\ufff0\uffff\u{e0001}';
const FORMULAS = "=+-@'\u207a\u208c\u2212\u2a75\ufb29\ufe62\ufe66\ufe6b＝＋－＠";
const spiky = fc.string({
  unit: fc.oneof(
    ...[SEPARATORS, SKIPPED, FORMULAS, '\\a{}1ü😀'].map((characters) =>
      fc.constantFrom(...Array.from(characters)),
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => one.isWellFormed()),
  ),
  maxLength: 8,
});
const text = fc.oneof(
  fc.constantFrom('', ...TEXTS, ...TIMES, ...WORDS, ...TYPES),
  spiky,
  fc.string({ unit: 'binary', maxLength: 6 }).filter((value) => value.isWellFormed()),
);
const name = fc
  .oneof(fc.constantFrom(...NAMES), text)
  .filter((value) => !['_sd', '_sd_alg', '...'].includes(value));
const plain = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  ...[plain, plain, fc.array(plain, { maxLength: 3 }), fc.dictionary(name, plain, { maxKeys: 4 })],
  fc.dictionary(name, fc.dictionary(name, plain, { maxKeys: 3 }), { maxKeys: 3 }),
);
const named = fc.oneof(fc.record({ type: text, id: text }, { requiredKeys: [] }), value);
const entry = fc.record(
  {
    ...{ version: fc.constantFrom<Json>(1, 2), source: text, submitter: named, provenance: value },
    ...{ occurredAt: text, id: value, actor: named, entity: named, operation: text, outcome: text },
    ...{ sourceIp: fc.oneof(fc.ipV4(), fc.ipV6(), text), url: text, userAgent: text, requestId: text },
    ...{ skewSeconds: value, other: value },
  },
  { requiredKeys: [] },
);

describe('the exporter’s lines of an entry', () => {
  it('are the ones that the verifier draws, whatever character stands before a formula, or is one', () => {
    for (let from = 0; from < 0x110000; from += 256) {
      if (from === 0xd800) from = 0xe000;
      const characters = Array.from({ length: 256 }, (_, i) => String.fromCodePoint(from + i));
      const id = characters.map((one) => `,${one}=a${one}=b`).join('');
      const { leaf } = leafOf({ id }, [['note', id, 'clear']]);
      const shown = { logId: LOG_ID, index: 1, erased: false, held: false, undisclosed: 0 };
      const entry = { id, details: { note: id }, recordedAt: '2026-11-22T12:00:00.000Z' };
      const described = describeEntry(LOG_ID, { ...shown, leaf, disclosures: [] });
      expect(described).toMatchObject({ csv: DRAWN_FORMATS[2].draw({ ...shown, entry }).csv });
    }
  });

  it('are the ones that the verifier draws', () => {
    const marks = fc.record({ index: fc.nat(), erased: fc.boolean(), held: fc.boolean() });
    const details = fc.uniqueArray(fc.tuple(name, value, fc.constantFrom('clear', 'hidden', 'opened')), {
      selector: ([n]) => n,
      maxLength: 12,
    });
    fc.assert(
      fc.property(entry, details, marks, (members, detailed, marked) => {
        const { leaf, disclosures } = leafOf(members, detailed);
        const opened = openLeaf(leaf, disclosures);
        if (opened.status !== 'opened') throw new Error(opened.status);
        const described = describeEntry(LOG_ID, { ...marked, leaf, disclosures });
        const shown = { logId: LOG_ID, ...marked, entry: opened.entry, undisclosed: opened.undisclosed };
        expect(described).toMatchObject({
          csv: DRAWN_FORMATS[2].draw(shown).csv,
          ocsf: DRAWN_FORMATS[2].draw(shown).ocsf,
        });
      }),
      { numRuns: 3000 },
    );
  });
});

function leafOf(
  members: Readonly<Record<string, Json>>,
  details: readonly [name: string, value: Json, how: string][],
): { leaf: Uint8Array; disclosures: string[] } {
  const clear = details.filter(([, , how]) => how === 'clear').map(([n, v]) => [n, v]);
  const hidden = details.filter(([, , how]) => how !== 'clear');
  const made = makeLeaf(
    {
      ...members,
      recordedAt: '2026-11-22T12:00:00.000Z',
      ...(clear.length > 0 ? { details: Object.fromEntries(clear) as Record<string, Json> } : {}),
    },
    hidden.map(([n, v], i): Disclosable => ({ path: ['details', n], value: v, salt: Buffer.alloc(16, i) })),
  );
  if (made.status !== 'made') throw new Error(made.status);
  const disclosures = made.disclosures.flatMap((one, i) =>
    hidden[i]?.[2] === 'opened' ? [one.disclosure] : [],
  );
  return { leaf: made.leaf, disclosures };
}
