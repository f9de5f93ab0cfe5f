import { z } from 'zod';
import { serviceNames } from './services.js';

/** Our services, future ones, and the product itself: names that callers choose may not begin with these. */
export const ownNames: readonly string[] = [
  ...new Set([...serviceNames, 'billing', 'lifecycle', 'vouchsafe']),
];

/**
 * Whether a name reads as one of ours: its first word is ours, in any letter case, whichever separator follows. Our own operations use
 * dots and hyphens (`identity.logged-in`, `audit-entry.record`); a capital letter after a lower-case one begins a word, too (`auditLog`), as
 * it does for OCSF (docs/formats.md).
 */
export function beginsWithOwnName(name: string): boolean {
  // Both ways: `aUdit.x` is one word to a reader, `auditLog.x` two.
  const [camel, plain] = [name.replace(CAMEL, '$1 $2'), name].map(firstWord);
  return ownNames.some((own) => own === camel || own === plain);
}

const CAMEL = /([a-z])([A-Z])/g;

function firstWord(name: string): string | undefined {
  return name.toLowerCase().split(/[^a-z0-9]/, 1)[0];
}

/** The source of every entry that was submitted before keys had sources, and of the keys from that time. */
export const FIRST_SOURCE = 'api';

/**
 * The name of a source of audit entries, as an API key has it: ids of entries are unique within it, whichever key submits them. It is in
 * the log in clear.
 */
export const sourceName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'must begin with a lower-case letter or a digit, and contain only those and . _ - (at most 63 characters)',
  )
  .refine(
    (name) => !beginsWithOwnName(name),
    `must not begin with ${ownNames.join(', ')}: these names are reserved`,
  );

/** The default source of a key, which no other key gets by default. */
export function sourceOfKey(apiKeyId: string): string {
  return `key-${apiKeyId}`;
}
