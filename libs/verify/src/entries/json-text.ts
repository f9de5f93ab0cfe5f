import { canonicalJson, type Json } from '@vouchsafe/transparency-log';

/**
 * Canonical JSON (RFC 8785) of what an opened leaf says. A disclosed value that is nested itself can stand deep in its
 * entry: each of the two has 64 levels at most.
 */
export function sortedJson(value: Json): string {
  return canonicalJson(value, 128);
}
