import { decodeUtf8 } from './base64.js';
import { isNestedDeeper, parseJson } from './parse-json.js';
import { MAX_ENTRY_BYTES } from './tile.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/**
 * RFC 8785: members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them, no white space.
 * Throws a TypeError on what JSON can't carry exactly (undefined, NaN, a lone surrogate, a Date): dropping or
 * replacing it silently, as JSON.stringify does, would record something else than was said.
 */
export function canonicalJson(value: unknown): string {
  // The RFC is ECMAScript's JSON.stringify but for the order of names: where that is the RFC's already, nothing is left to do.
  return isSortedJson(value, MAX_DEPTH) ? JSON.stringify(value) : writeSorted(value as Json);
}

/** No value of ours is nested deeper; a hostile one must not exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * The value of canonical bytes; undefined unless writing it again gives the same bytes. So everything that has a second
 * way to be written is refused: a name given twice, members out of order, white space, `-0`, `1e21` and a number that
 * JavaScript would round, an escape that need not be one. Strict UTF-8; a byte order mark is no part of JSON.
 */
export function parseCanonicalJson(bytes: Uint8Array): { readonly value: Json } | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  // A text that is short enough for a leaf costs little to parse, however deep it is nested.
  if (text.length > MAX_ENTRY_BYTES && isNestedDeeper(text, MAX_DEPTH)) return undefined;
  try {
    const value = parseJson(text) as Json;
    return canonicalJson(value) === text ? { value } : undefined;
  } catch {
    // parseJson throws on what is no JSON, canonicalJson on what has no canonical form: lone surrogates, too deep.
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Its own prototype's prototype tells a plain object of any realm (structuredClone's, a worker's) from a class's.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether the names of all objects stand sorted. Throws on what is no JSON. */
function isSortedJson(value: unknown, levels: number): boolean {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError("JSON can't carry a lone surrogate");
    return true;
  }
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return true;
  if (levels === 0) throw new TypeError('JSON nested too deep');
  let isSorted = true;
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) isSorted = isSortedJson(item, levels - 1) && isSorted;
    return isSorted;
  }
  if (!isJsonObject(value)) throw new TypeError(`JSON can't carry a value of type ${typeof value}`);
  let before: string | undefined;
  for (const name of Object.keys(value)) {
    isSorted = isSortedJson(name, levels) && isSortedJson(value[name], levels - 1) && isSorted;
    // By UTF-16 code units, section 3.2.3.
    if (before !== undefined && before > name) isSorted = false;
    before = name;
  }
  return isSorted;
}

function writeSorted(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => writeSorted(item)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${writeSorted(value[name] as Json)}`);
  return `{${members.join(',')}}`;
}
