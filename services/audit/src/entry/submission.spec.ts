import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { entryOfSubmission, submittedEntry } from './submission.js';

const ada = randomUUID();
const subjectOf = (type: string, id: string): string | null =>
  entryOfSubmission(
    randomUUID(),
    { provenance: 'asserted', submitter: { type: 'api-key', id: randomUUID() }, source: 'shop' },
    submittedEntry.parse({
      ...{ id: '1', occurredAt: '2026-11-28T10:00:00Z', actor: { type, id } },
      ...{ operation: 'invoice.read', outcome: 'success' },
    }),
  ).subject;

describe('an entry that somebody sent', () => {
  it.each([
    ['user', ada],
    ['user', ada.toUpperCase()],
    ['User', ada],
    ['USER', `urn:uuid:${ada}`],
    ['user', `URN:UUID:${ada}`],
    ['user', `{${ada}}`],
  ])('is about the user who did it, however they are spelled (P10): %s %s', (type, id) => {
    expect(subjectOf(type, id)).toBe(ada);
  });

  it.each([
    ['customer-user', ada],
    ['user', 'u-4711'],
    ['user', `{${ada}`],
    ['user', `${ada}}`],
  ])('is about nobody known where the actor is none of our users: %s %s', (type, id) => {
    expect(subjectOf(type, id)).toBe(null);
  });
});
