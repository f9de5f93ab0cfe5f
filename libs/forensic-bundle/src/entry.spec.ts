import { describe, expect, it } from '@jest/globals';
import { canonicalJson, makeLeaf, openLeaf, type Json } from '@vouchsafe/transparency-log';
import fc from 'fast-check';
import { describeEntry } from './entry.js';

const LOG_ID = 'log-12345678';
const RECORDED_AT = '2026-11-22T12:00:00.000Z';
const marks = { index: 7, erased: false, held: false };

describe('the lines of an entry', () => {
  it('say what was disclosed of it, and of the rest how much there is', () => {
    const salt = Buffer.alloc(16, 3);
    const { leaf, disclosures } = made(
      { recordedAt: RECORDED_AT, actor: { type: 'user' }, operation: 'document.read' },
      [
        { path: ['actor', 'id'], value: 'u1', salt },
        { path: ['sourceIp'], value: '192.0.2.1', salt },
        { path: ['details', 'note'], value: ';=1', salt },
      ],
    );
    const opened = disclosures.slice(1);
    expect(describeEntry(LOG_ID, { ...marks, leaf, disclosures: opened })).toEqual({
      status: 'described',
      recordedAt: RECORDED_AT,
      undisclosed: 1,
      csv: expect.stringMatching(/^log-12345678,7,.*,192\.0\.2\.1,,,,1,,"\{""note"":"";\\u003d1""\}",\r\n$/),
      ocsf: expect.stringContaining('"src_endpoint":{"ip":"192.0.2.1"}'),
    });
  });

  it('have every value that was disclosed, whatever the sizes and names: none makes it unreadable', () => {
    const name = fc
      .oneof(fc.constantFrom('10', '9', '__proto__', 'constructor', 'toString', 'a.b'), fc.string())
      .filter((n) => !['_sd', '_sd_alg', '...'].includes(n) && n.isWellFormed());
    const text = fc
      .tuple(fc.string({ unit: 'grapheme', maxLength: 9 }), fc.constantFrom(1, 100, 500))
      .map(([part, times]) => part.repeat(times))
      .filter((value) => value.isWellFormed());
    const details = fc.uniqueArray(fc.tuple(name, text), { selector: ([n]) => n, maxLength: 60 });
    fc.assert(
      fc.property(details, (members) => {
        const { leaf, disclosures } = made(
          { recordedAt: RECORDED_AT },
          members.map(([n, value], i) => ({ path: ['details', n], value, salt: Buffer.alloc(16, i) })),
        );
        const described = describeEntry(LOG_ID, { ...marks, leaf, disclosures });
        if (described.status !== 'described') throw new Error(described.status);
        const { unmapped } = JSON.parse(described.ocsf) as { unmapped: { details: Json } };
        const opened = openLeaf(leaf, disclosures);
        expect(canonicalJson(unmapped.details)).toBe(
          canonicalJson(opened.status === 'opened' ? (opened.entry.details ?? {}) : undefined),
        );
        expect(described.undisclosed).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('are not written of what is no entry of its log', () => {
    const { leaf, disclosures } = made({ recordedAt: RECORDED_AT }, []);
    const other = made({}, [{ path: ['url'], value: 1, salt: Buffer.alloc(16) }]);
    const given = { ...marks, disclosures };
    expect(describeEntry(LOG_ID, { ...given, leaf: leaf.subarray(1) }).status).toBe('malformed-leaf');
    expect(describeEntry(LOG_ID, { ...given, leaf: Buffer.from('{}') }).status).toBe('no-time');
    const foreign = { ...marks, leaf, disclosures: other.disclosures };
    expect(describeEntry(LOG_ID, foreign).status).toBe('foreign-disclosure');
    const digests = { _sd: ['a'.repeat(43)] };
    for (const place of [{ submitter: digests }, { more: digests }, { details: { card: digests } }]) {
      const hiding = canonicalJson({ ...place, _sd_alg: 'sha-256', recordedAt: RECORDED_AT });
      const found = describeEntry(LOG_ID, { ...marks, leaf: Buffer.from(hiding), disclosures: [] });
      expect(found.status).toBe('malformed-leaf');
    }
  });
});

function made(...given: Parameters<typeof makeLeaf>): { leaf: Uint8Array; disclosures: string[] } {
  const result = makeLeaf(...given);
  if (result.status !== 'made') throw new Error(result.status);
  return { leaf: result.leaf, disclosures: result.disclosures.map((d) => d.disclosure) };
}
