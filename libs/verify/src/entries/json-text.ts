import { canonicalJson, type Json } from '@vouchsafe/transparency-log';

/** A value that has no canonical JSON: docs/formats.md has 64 levels at most. */
export class TooDeep extends Error {}

/**
 * Canonical JSON (RFC 8785) of what an opened leaf says. A leaf and a disclosed value have 64 levels each at most, but
 * opened the one stands in the other.
 */
export function sortedJson(value: Json): string {
  try {
    return canonicalJson(value);
  } catch (error) {
    // Nothing else is wrong with what was read as canonical JSON.
    throw error instanceof TypeError ? new TooDeep(error.message) : error;
  }
}
