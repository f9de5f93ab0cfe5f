import { emptyBytes } from './bytes.js';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from './canonical-json.js';
import { clearTape, endOf, startOf, textOf } from './json-tape.js';
import {
  digestOf,
  leafReader,
  readDisclosure,
  readLeaf,
  writeOpened,
  type LeafFault,
} from './leaf-reader.js';
import { parseJson } from './parse-json.js';
import { MAX_ENTRY_BYTES } from './tile.js';

/** A value that stands in the leaf as a digest only. `path`: the names down to it; `salt`: 16 random bytes, fresh. */
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
      /** The entry with every disclosed value in its place. */
      readonly entry: JsonObject;
      /** Digests that none of the disclosures opened: withheld, or erased. */
      readonly undisclosed: number;
    }
  | LeafFault;

const RESERVED = new Set(['_sd', '_sd_alg', '...']);
const SALT_BYTES = 16;

/**
 * The leaf of an entry: canonical JSON in the form of an SD-JWT payload (RFC 9901 section 4.2.4.1), where the personal
 * values are digests in the `_sd` of the object they belong to. `clear` holds all else.
 * Throws where a salt is short, a path is given twice, or a value is none of JSON's: bugs of the caller.
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
  if (new Set(disclosures.map((d) => JSON.stringify(d.path))).size < disclosures.length) {
    throw new Error('a value is disclosable once');
  }
  if (disclosures.length > 0) root._sd_alg = 'sha-256';
  const leaf = Buffer.from(canonicalJson(root));
  if (leaf.length > MAX_ENTRY_BYTES) return { status: 'too-large', bytes: leaf.length };
  return { status: 'made', leaf, disclosures };
}

/** Puts disclosed values back into a leaf. Every disclosure must belong to it (RFC 9901 section 7.1). */
export function openLeaf(leaf: Uint8Array, disclosures: readonly string[]): OpenedLeaf {
  const fault = readLeaf(reader, leaf, disclosures);
  if (fault) return fault;
  text.length = 0;
  writeOpened(text, reader, reader.root, false);
  const entry = parseJson(text.buffer.toString('utf8', 0, text.length)) as JsonObject;
  return { status: 'opened', entry, undisclosed: reader.undisclosed };
}

const reader = leafReader();
const text = emptyBytes();

/** What a disclosure says, without asking which leaf it belongs to; undefined when malformed. */
export function parseDisclosure(disclosure: string): { name: string; value: Json } | undefined {
  const { tape } = reader;
  clearTape(tape);
  const read = readDisclosure(tape, disclosure);
  if (!read) return undefined;
  const value = tape.bytes.toString('utf8', startOf(tape, read.value), endOf(tape, read.value));
  return { name: textOf(tape, read.name), value: parseJson(value) as Json };
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
