import { decodeUtf8 } from './base64.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** No value of ours is nested deeper; a hostile one must not exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * RFC 8785: members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them, no white space.
 * Throws a TypeError on what JSON can't carry exactly (undefined, NaN, a lone surrogate, a Date): dropping or
 * replacing it silently, as JSON.stringify does, would record something else than was said.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

/** `canonicalJson` of what JSON.parse gave, at half the cost where its members are in order already. */
export function canonicalJsonOfParsed(value: Json): string {
  const text = JSON.stringify(value);
  return isPlainlyCanonical(value, text) ? text : canonicalJson(value);
}

/** The value of canonical bytes; undefined unless writing it again gives the same bytes (so: no double names). */
export function parseCanonicalJson(bytes: Uint8Array): { readonly value: Json } | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    const isPlain = JSON.stringify(value) === text && isPlainlyCanonical(value, text);
    return isPlain || canonicalJson(value) === text ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Says of nearly all canonical texts, at a third of the cost, that they are. JSON.stringify writes as RFC 8785 asks but
 * for two things, which are looked at here: it keeps the members' order, and it writes lone surrogates, as `\ud...`.
 */
function isPlainlyCanonical(value: Json, stringified: string): boolean {
  return !stringified.includes('\\ud') && isSorted(value, 0);
}

function isSorted(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item: Json) => isSorted(item, depth + 1));
  const object = value as JsonObject;
  let last: string | undefined;
  for (const name of Object.keys(object)) {
    if (last !== undefined && name < last) return false;
    if (!isSorted(object[name] as Json, depth + 1)) return false;
    last = name;
  }
  return true;
}

export function isJsonObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Its own prototype's prototype tells a plain object of any realm (structuredClone's, a worker's) from a class's.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Gives a plain object a member, also one named `__proto__`. An object without a prototype would need no such care, but
 * V8 keeps it as a hash table, which costs twice as much to read and to write out.
 */
export function setMember(object: Record<string, Json>, name: string, value: Json): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
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
