import { isJsonObject, type Json, type JsonObject, parseJson } from '@vouchsafe/transparency-log';
import type { NewEntry } from './entry.js';
import { leafOf } from './leaf-of-entry.js';

/**
 * Whether an entry could be the one that a leaf was made of, where the person is erased: no hash of what was sent is left (P10), only
 * the leaf. It compares what the leaf says in clear (time, operation, outcome, source, the types of actor and entity), and how many
 * values each object holds as digests. The erased values themselves are not compared: a comparison would let them be guessed.
 */
export function fitsLeaf(leaf: Uint8Array, entry: NewEntry): boolean {
  const kept = objectIn(leaf);
  // Leaves of version 1 cut the time to the millisecond.
  const occurredAt = kept.version === 1 ? new Date(entry.occurredAt).toISOString() : entry.occurredAt;
  const again = leafOf({ ...entry, occurredAt }, new Date(0), () => Buffer.alloc(16));
  return !('rejected' in again) && shapeOf(kept) === shapeOf(objectIn(again.bytes));
}

/** Members that say when an entry was recorded and who sent it. They do not depend on what was sent. */
const OURS = new Set(['version', 'recordedAt', 'skewSeconds', 'submitter', 'provenance']);

function shapeOf(leaf: JsonObject): string {
  const said = Object.fromEntries(Object.entries<Json>(leaf).filter(([name]) => !OURS.has(name)));
  return JSON.stringify(said, (name, value: Json) =>
    name === '_sd' && Array.isArray(value) ? value.length : value,
  );
}

function objectIn(leaf: Uint8Array): JsonObject {
  const read = parseJson(Buffer.from(leaf).toString());
  if (!isJsonObject(read)) throw new Error('A recorded leaf is not a JSON object');
  return read;
}
