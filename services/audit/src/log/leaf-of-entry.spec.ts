import { describe, expect, it } from '@jest/globals';
import type { NewEntry } from './entry.js';
import { leafOf, MOST_DISCLOSED } from './leaf-of-entry.js';

const entry: NewEntry = {
  ...{ organizationId: '0f8fad5b-d9cb-469f-a165-708677289500', id: 'one', operation: 'note.read' },
  ...{ occurredAt: '2026-11-20T10:00:00.000Z', outcome: 'success', entity: null, subject: null },
  ...{ actor: { type: 'user', id: 'ada' }, source: 'shop', provenance: 'asserted' },
  ...{ sourceIp: null, url: null, userAgent: null, requestId: null, clear: new Set(), details: {} },
  submitter: { type: 'api-key', id: 'key-1' },
};
const salt = () => Buffer.alloc(16);
const withNote = (length: number) =>
  leafOf({ ...entry, details: { note: 'n'.repeat(length) } }, new Date(), salt);

describe('an entry', () => {
  it('whose disclosures would not fit into a line of a bundle is refused', () => {
    // Base64url writes three bytes as four characters.
    expect(withNote((MOST_DISCLOSED * 3) / 4)).toEqual({ rejected: 'too-large' });
    expect(withNote((MOST_DISCLOSED * 3) / 4 - 1000)).toMatchObject({ disclosable: 3 });
  });
});
