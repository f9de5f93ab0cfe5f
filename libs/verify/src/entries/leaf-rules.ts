import { isJsonObject, parseJson, type Json, type JsonObject } from '@vouchsafe/transparency-log';
import { isInstant } from '../instant.js';

/**
 * What docs/formats.md, 'Leaf', says of every leaf in a bundle whose manifest is of version 2: who recorded it stands in
 * the clear, and only what may be hidden is hidden. Answers with what is wrong. `entry`: the leaf, opened.
 */
export function faultOfLeaf(leaf: Uint8Array, entry: JsonObject): string | undefined {
  const clear = parseJson(Buffer.from(leaf).toString('utf8')) as JsonObject;
  const { version, source, recordedAt } = ownMembers(clear);
  if (version !== 1 && version !== 2) return 'its version is not the number 1 or 2, in the clear';
  if (typeof source !== 'string') return 'it does not say its source in the clear';
  if (!isInstant(recordedAt)) return 'it does not say in the clear when it was recorded';
  return faultOfSubmitter(clear, entry, version) ?? faultOfHiding(clear, entry);
}

/** Version 2 says who handed the entry in, and whether our own services saw it; version 1 has neither. */
function faultOfSubmitter(clear: JsonObject, entry: JsonObject, version: 1 | 2): string | undefined {
  if (version === 1) {
    const has = Object.hasOwn(entry, 'submitter') || Object.hasOwn(entry, 'provenance');
    return has ? 'an entry of version 1 has no submitter and no provenance' : undefined;
  }
  const { provenance, submitter } = ownMembers(clear);
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

/** Names that may be missing from an object and stand there as a digest; undefined: all of them may. */
const MAY_BE_HIDDEN: Readonly<Record<string, ReadonlySet<string> | undefined>> = {
  actor: new Set(['id']),
  entity: new Set(['id']),
  details: undefined,
};
const MAY_BE_HIDDEN_AT_THE_TOP = new Set(['id', 'sourceIp', 'url', 'userAgent', 'requestId']);

function faultOfHiding(clear: JsonObject, entry: JsonObject): string | undefined {
  if (opensMore(clear, entry, MAY_BE_HIDDEN_AT_THE_TOP))
    return 'a value is hidden that has to be in the clear';
  for (const [name, value] of Object.entries(clear)) {
    if (!isJsonObject(value)) continue;
    const members = Object.values(value);
    const isPlace = Object.hasOwn(MAY_BE_HIDDEN, name);
    if (isPlace ? members.some(hasDigests) : hasDigests(value)) return 'a value is hidden where none may be';
    const may = isPlace ? MAY_BE_HIDDEN[name] : undefined;
    if (may && opensMore(value, entry[name] as JsonObject, may))
      return 'a value is hidden that has to be in the clear';
  }
  return undefined;
}

/** That a disclosure gave an object a member of another name than it may hide. */
function opensMore(clear: JsonObject, opened: JsonObject, may: ReadonlySet<string>): boolean {
  return Object.keys(opened).some((name) => !Object.hasOwn(clear, name) && !may.has(name));
}

/** Lists hold none: `openLeaf` refuses them. */
function hasDigests(value: Json): boolean {
  return isJsonObject(value) && (Object.hasOwn(value, '_sd') || Object.values(value).some(hasDigests));
}

/** Nothing of `Object.prototype`. */
function ownMembers(object: JsonObject): Readonly<Record<string, Json | undefined>> {
  return Object.assign(Object.create(null) as Record<string, Json>, object);
}
