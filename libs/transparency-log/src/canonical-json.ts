import { decodeUtf8 } from './base64.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/**
 * RFC 8785: members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them, no white space.
 * Throws a TypeError on what JSON can't carry exactly (undefined, NaN, a lone surrogate, a Date): dropping or
 * replacing it silently, as JSON.stringify does, would record something else than was said.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
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
  try {
    const value = JSON.parse(text) as Json;
    return canonicalJson(value) === text ? { value } : undefined;
  } catch {
    // JSON.parse throws on what is no JSON, canonicalJson on what has no canonical form: lone surrogates, too deep.
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Its own prototype's prototype tells a plain object of any realm (structuredClone's, a worker's) from a class's.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function write(value: unknown, depth: number): string {
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (depth === MAX_DEPTH) throw new TypeError(`JSON nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  if (!isJsonObject(value)) throw new TypeError(`JSON can't carry a value of type ${typeof value}`);
  let members = '';
  for (const name of Object.keys(value).sort()) {
    members += `${members === '' ? '' : ','}${writeString(name)}:${write(value[name], depth + 1)}`;
  }
  return `{${members}}`;
}

/** Printable ASCII that JSON does not escape: most of what is written, at a quarter of the price. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function writeString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError("JSON can't carry a lone surrogate");
  return JSON.stringify(text);
}
