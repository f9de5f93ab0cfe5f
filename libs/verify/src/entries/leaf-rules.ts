import { isJsonObject, type Json, type JsonObject } from '@vouchsafe/transparency-log';

/**
 * What docs/formats.md, 'Leaf', says of every leaf in a bundle whose manifest is of version 2: who recorded it stands in
 * the clear. Answers with what is wrong. `entry` is the opened leaf: `openLeaf` lets none of the members that are checked here be
 * hidden, so what stands in it stood in the clear.
 */
export function faultOfLeaf(entry: JsonObject): string | undefined {
  const { version, source, recordedAt } = ownMembers(entry);
  if (version !== 1 && version !== 2) return 'its version is not the number 1 or 2, in the clear';
  if (typeof source !== 'string') return 'it does not say its source in the clear';
  // `checkRun` checks of every version that it is an instant.
  if (typeof recordedAt !== 'string') return 'it does not say in the clear when it was recorded';
  return faultOfSubmitter(entry, version);
}

/** Version 2 says who handed the entry in, and whether our own services saw it; version 1 has neither. */
function faultOfSubmitter(entry: JsonObject, version: 1 | 2): string | undefined {
  if (version === 1) {
    const has = Object.hasOwn(entry, 'submitter') || Object.hasOwn(entry, 'provenance');
    return has ? 'an entry of version 1 has no submitter and no provenance' : undefined;
  }
  const { provenance, submitter } = ownMembers(entry);
  if (provenance !== 'observed' && provenance !== 'asserted')
    return 'it does not say in the clear whether it was observed or asserted';
  return isSubmitter(submitter) ? undefined : 'it does not say in the clear who submitted it';
}

const SUBMITTER_TYPES: ReadonlySet<unknown> = new Set(['service', 'api-key', 'session']);

function isSubmitter(value: Json | undefined): boolean {
  if (value === undefined || !isJsonObject(value) || Object.keys(value).length !== 2) return false;
  const { type, id } = ownMembers(value);
  return SUBMITTER_TYPES.has(type) && typeof id === 'string';
}

/** Nothing of `Object.prototype`. */
function ownMembers(object: JsonObject): Readonly<Record<string, Json | undefined>> {
  return Object.assign(Object.create(null) as Record<string, Json>, object);
}
