import { decodeBase64url } from './base64.js';
import {
  canonicalJson,
  isJsonObject,
  parseCanonicalJson,
  type Json,
  type JsonObject,
} from './canonical-json.js';
import { sha256Base64url } from './hash.js';
import { MAX_ENTRY_BYTES } from './tile.js';

/** A value that stands in the leaf as a digest only. `path`: one that may be hidden; `salt`: 16 random bytes, fresh. */
export type Disclosable = {
  readonly path: readonly [string, ...string[]];
  readonly value: Json;
  readonly salt: Uint8Array;
};

/** `disclosure` opens the value; `digest` is what the leaf holds of it (RFC 9901 section 4.2). */
export type Disclosure = {
  readonly path: readonly [string, ...string[]];
  readonly name: string;
  readonly digest: string;
  readonly disclosure: string;
};

export type MadeLeaf =
  | { readonly status: 'made'; readonly leaf: Uint8Array; readonly disclosures: readonly Disclosure[] }
  /** `_sd`, `_sd_alg` and `...` are the format's own names, wherever they stand. */
  | { readonly status: 'reserved-name' }
  /** The path leads through something that is no object, or to a member that is there already. */
  | { readonly status: 'path-taken'; readonly path: readonly string[] }
  | { readonly status: 'too-large'; readonly bytes: number };

export type OpenedLeaf =
  | {
      readonly status: 'opened';
      /** The entry with every disclosed value in its place: an object's own members first, then what was opened of it. */
      readonly entry: JsonObject;
      /** Digests that none of the disclosures opened: withheld, or erased. */
      readonly undisclosed: number;
    }
  | LeafFault;

export type LeafFault =
  /** Not canonical JSON, or not an SD-JWT payload as `makeLeaf` writes it: a digest stands where none may, or opens what may not be hidden. */
  | { readonly status: 'malformed-leaf' }
  /** Not base64url of canonical `[salt, name, value]`. */
  | { readonly status: 'malformed-disclosure'; readonly disclosure: string }
  /** Its digest is not in the leaf, or it was given twice. */
  | { readonly status: 'foreign-disclosure'; readonly disclosure: string };

const RESERVED = new Set(['_sd', '_sd_alg', '...']);
const SALT_BYTES = 16;

/** docs/formats.md, 'Disclosures': whether a value may stand as a digest. `place` is the object that it belongs to, '' the entry itself. */
function mayBeHidden(place: string, name: string): boolean {
  switch (place) {
    case '':
      return HIDDEN_AT_THE_TOP.has(name);
    case 'actor':
    case 'entity':
      return name === 'id';
    default:
      return place === 'details';
  }
}
const HIDDEN_AT_THE_TOP = new Set(['id', 'sourceIp', 'url', 'userAgent', 'requestId']);
const OBJECTS_WITH_DIGESTS = new Set(['actor', 'entity', 'details']);

/**
 * The leaf of an entry: canonical JSON in the form of an SD-JWT payload (RFC 9901 section 4.2.4.1), where the personal
 * values are digests in the `_sd` of the object they belong to. `clear` holds all else.
 * Throws where a salt is short, a path is given twice or may not be hidden, or a value is none of JSON's: bugs of the caller.
 */
export function makeLeaf(clear: JsonObject, disclosable: readonly Disclosable[]): MadeLeaf {
  if (
    hasReservedName(clear) ||
    disclosable.some((d) => d.path.some(isReserved) || hasReservedName(d.value))
  ) {
    return { status: 'reserved-name' };
  }
  const disclosures = disclosable.map(disclose);
  const root = mutableCopy(clear);
  for (const { path, digest } of disclosures) {
    const parent = parentOf(root, path);
    if (!parent || Object.hasOwn(parent, nameOf(path))) return { status: 'path-taken', path };
    parent._sd = [...((parent._sd ?? []) as string[]), digest].sort();
  }
  if (!disclosures.every(({ path }) => mayPathBeHidden(path)))
    throw new Error('a value may not be hidden there');
  if (new Set(disclosures.map((d) => JSON.stringify(d.path))).size < disclosures.length) {
    throw new Error('a value is disclosable once');
  }
  if (disclosures.length > 0) root._sd_alg = 'sha-256';
  const leaf = Buffer.from(canonicalJson(root));
  if (leaf.length > MAX_ENTRY_BYTES) return { status: 'too-large', bytes: leaf.length };
  return { status: 'made', leaf, disclosures };
}

/**
 * Puts disclosed values back into a leaf, as RFC 9901 section 7.1 says, step by step. It is stricter where one entry
 * could else be written in two ways: the leaf is canonical JSON, and what `makeLeaf` does not write is refused.
 */
export function openLeaf(leaf: Uint8Array, disclosures: readonly string[]): OpenedLeaf {
  const payload = parseCanonicalJson(leaf)?.value;
  if (!isJsonObject(payload)) return MALFORMED;
  // Step 3.a: the digest of each disclosure.
  const given = new Map<string, Given>();
  for (const disclosure of disclosures) {
    const read = parseDisclosure(disclosure);
    if (!read) return { status: 'malformed-disclosure', disclosure };
    const digest = digestOf(disclosure);
    if (given.has(digest)) return { status: 'foreign-disclosure', disclosure };
    given.set(digest, { ...read, disclosure });
  }
  const embedded = new Set<string>();
  const entry = openObject(payload, '', given, embedded);
  if (!entry) return MALFORMED;
  // Step 2.c: a hash that is understood; it is named exactly where there are digests. Section 4.1.1.
  if (payload._sd_alg !== (embedded.size > 0 ? 'sha-256' : undefined)) return MALFORMED;
  // Step 5: every disclosure is referred to.
  for (const [digest, { disclosure }] of given) {
    if (!embedded.has(digest)) return { status: 'foreign-disclosure', disclosure };
  }
  return { status: 'opened', entry, undisclosed: embedded.size - given.size };
}

/** What a disclosure says, without asking which leaf it belongs to; undefined when malformed. */
export function parseDisclosure(disclosure: string): { name: string; value: Json } | undefined {
  const bytes = decodeBase64url(disclosure);
  const content = bytes && parseCanonicalJson(bytes)?.value;
  // Section 4.2.1: salt, name and value. Step 3.c.ii.1.
  if (!Array.isArray(content) || content.length !== 3) return undefined;
  const [salt, name, value] = content as unknown as readonly [Json, Json, Json];
  if (typeof salt !== 'string' || (decodeBase64url(salt)?.length ?? 0) < SALT_BYTES) return undefined;
  // Step 3.c.ii.2; nor do we write digests into a disclosed value, so that step 3.c.ii.5 has nothing to do.
  if (typeof name !== 'string' || isReserved(name) || hasReservedName(value)) return undefined;
  return { name, value };
}

/** base64url(SHA-256(ASCII(disclosure))), RFC 9901 section 4.2.3. */
export function digestOf(disclosure: string): string {
  return sha256Base64url(disclosure);
}

type Given = { readonly disclosure: string; readonly name: string; readonly value: Json };

const MALFORMED: LeafFault = { status: 'malformed-leaf' };

/** An object that may have digests, with what was disclosed of it; `embedded` collects all digests. Undefined where it is malformed. */
function openObject(
  object: JsonObject,
  place: string,
  given: ReadonlyMap<string, Given>,
  embedded: Set<string>,
): JsonObject | undefined {
  const opened: MutableObject = {};
  const isRoot = place === '';
  for (const name of Object.keys(object)) {
    const value = object[name] as Json;
    // Steps 3.e and 3.f: neither is part of the entry. `_sd_alg` stands at the top alone.
    if (name === '_sd' || (name === '_sd_alg' && isRoot)) continue;
    if (isReserved(name)) return undefined;
    const mayHaveDigests = isRoot && OBJECTS_WITH_DIGESTS.has(name) && isJsonObject(value);
    // No digests elsewhere, nor hidden items of arrays (step 3.b.ii).
    if (!mayHaveDigests && hasReservedName(value)) return undefined;
    const member = mayHaveDigests ? openObject(value, name, given, embedded) : value;
    if (member === undefined) return undefined;
    setMember(opened, name, member);
  }
  // Step 3.b.i: the digests of this object.
  const digests = Object.hasOwn(object, '_sd') ? (object._sd as Json) : [];
  if (!isDigestList(digests) || (digests.length === 0 && Object.hasOwn(object, '_sd'))) return undefined;
  for (const digest of digests) {
    // Step 4: no digest stands in two places.
    if (embedded.has(digest)) return undefined;
    embedded.add(digest);
    // Step 3.c.i: a digest without a disclosure is skipped.
    const found = given.get(digest);
    if (!found) continue;
    // Step 3.c.ii.3: no member is overwritten; 3.c.ii.4: it becomes a member.
    if (Object.hasOwn(opened, found.name) || !mayBeHidden(place, found.name)) return undefined;
    setMember(opened, found.name, found.value);
  }
  return opened;
}

/** Assigning to `__proto__` would set no member of that name, but the prototype. */
function setMember(object: MutableObject, name: string, value: Json): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Ascending, so that the order of the claims does not show (section 4.2.4.1), and none is there twice. */
function isDigestList(value: Json): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.every((digest: Json, i) => isDigest(digest) && (i === 0 || (value[i - 1] as string) < digest))
  );
}

function isDigest(value: Json): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value);
}

function mayPathBeHidden(path: readonly string[]): boolean {
  const [first = '', second] = path;
  return path.length <= 2 && (second === undefined ? mayBeHidden('', first) : mayBeHidden(first, second));
}

function disclose({ path, value, salt }: Disclosable): Disclosure {
  // RFC 9901 section 9.3: 128 bits, so that a value can't be guessed from its digest.
  if (salt.length < SALT_BYTES) throw new Error('a salt has 16 bytes or more');
  const name = nameOf(path);
  const disclosure = Buffer.from(
    canonicalJson([Buffer.from(salt).toString('base64url'), name, value]),
  ).toString('base64url');
  return { path, name, digest: digestOf(disclosure), disclosure };
}

function hasReservedName(value: Json): boolean {
  if (Array.isArray(value)) return value.some((item: Json) => hasReservedName(item));
  if (!isJsonObject(value)) return false;
  return Object.keys(value).some((name) => isReserved(name) || hasReservedName(value[name] as Json));
}

function isReserved(name: string): boolean {
  return RESERVED.has(name);
}

type MutableObject = { [name: string]: Json | MutableObject };

/** Objects are copied, arrays are not: a path never leads into one. */
function mutableCopy(object: JsonObject): MutableObject {
  const copy = Object.create(null) as MutableObject;
  for (const name of Object.keys(object)) {
    const value = object[name] as Json;
    copy[name] = isJsonObject(value) ? mutableCopy(value) : value;
  }
  return copy;
}

function parentOf(root: MutableObject, path: readonly string[]): MutableObject | undefined {
  let parent = root;
  for (const name of path.slice(0, -1)) {
    const next = (parent[name] ??= Object.create(null) as MutableObject);
    if (!isJsonObject(next)) return undefined;
    parent = next;
  }
  return parent;
}

function nameOf(path: readonly [string, ...string[]]): string {
  return path.at(-1) ?? path[0];
}
