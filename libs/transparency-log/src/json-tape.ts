import { decodeUtf8 } from './base64.js';

/**
 * Canonical JSON (RFC 8785) read in place: a tape of nodes that say where each value stands, and no object made of it.
 * Since there is one way to write a value, reading it strictly is all the check that it needs; nothing is written again
 * and compared, and what is canonical can be copied as it stands.
 *
 * A node is four numbers: its kind, its first byte, the byte behind its last, and the node behind it and all within it.
 * An object's node is followed by name and value of each member, an array's by its items.
 */
export type Tape = {
  /** The texts that were read, each with a zero behind it, which no text goes past. */
  bytes: Buffer;
  used: number;
  nodes: Int32Array;
  count: number;
  /** That a name begins with a digit: JavaScript puts those that are numbers before the others. */
  hasDigitNames: boolean;
  /** How many bytes are not: UTF-8 is checked at the end of a text, once, and only where there is any. */
  notAscii: number;
};

export const Kind = {
  literal: 0,
  number: 1,
  /** Printable ASCII without an escape: its characters are its bytes. */
  plainText: 2,
  otherText: 3,
  array: 4,
  object: 5,
  /** An object that is read otherwise than it is written, as the reader of leaves marks it. */
  changedObject: 6,
} as const;

/** No value of ours is nested deeper; a hostile one must not exhaust the stack. */
export const MAX_DEPTH = 64;

const NODE = 4;

export function emptyTape(): Tape {
  return {
    bytes: Buffer.alloc(4096),
    used: 0,
    nodes: new Int32Array(256 * NODE),
    count: 0,
    hasDigitNames: false,
    notAscii: 0,
  };
}

export function clearTape(tape: Tape): void {
  tape.used = 0;
  tape.count = 0;
  tape.hasDigitNames = false;
}

/** Makes room for a text of this many bytes; where it goes. */
export function roomFor(tape: Tape, length: number): number {
  const needed = tape.used + length + 1;
  if (needed > tape.bytes.length) {
    const larger = Buffer.alloc(Math.max(needed, tape.bytes.length * 2));
    larger.set(tape.bytes.subarray(0, tape.used));
    tape.bytes = larger;
  }
  return tape.used;
}

/** Reads a text; its node, or undefined when it is not canonical. */
export function readText(tape: Tape, text: Uint8Array): number | undefined {
  const start = roomFor(tape, text.length);
  tape.bytes.set(text, start);
  return readPlaced(tape, start + text.length);
}

/** `readText` of what was written where `roomFor` said, up to `end`. */
export function readPlaced(tape: Tape, end: number): number | undefined {
  const start = tape.used;
  tape.bytes[end] = 0;
  tape.used = end + 1;
  const root = tape.count;
  const { notAscii } = tape;
  if (readValue(tape, start, 0) !== end) return undefined;
  const isUtf8 = tape.notAscii === notAscii || decodeUtf8(tape.bytes.subarray(start, end)) !== undefined;
  return isUtf8 ? root : undefined;
}

export function kindOf(tape: Tape, node: number): number {
  return tape.nodes[node * NODE] ?? Kind.literal;
}

export function startOf(tape: Tape, node: number): number {
  return tape.nodes[node * NODE + 1] ?? 0;
}

export function endOf(tape: Tape, node: number): number {
  return tape.nodes[node * NODE + 2] ?? 0;
}

/** The node behind this one and all within it. */
export function nextOf(tape: Tape, node: number): number {
  return tape.nodes[node * NODE + 3] ?? tape.count;
}

export function isText(tape: Tape, node: number): boolean {
  const kind = kindOf(tape, node);
  return kind === Kind.plainText || kind === Kind.otherText;
}

export function isObject(tape: Tape, node: number): boolean {
  return kindOf(tape, node) >= Kind.object;
}

export function markChanged(tape: Tape, object: number): void {
  tape.nodes[object * NODE] = Kind.changedObject;
}

/** What a text says. */
export function textOf(tape: Tape, node: number): string {
  const start = startOf(tape, node);
  const end = endOf(tape, node);
  if (kindOf(tape, node) === Kind.plainText) return tape.bytes.toString('latin1', start + 1, end - 1);
  return JSON.parse(tape.bytes.toString('utf8', start, end)) as string;
}

/** Whether a text says exactly this, which is printable ASCII. */
export function says(tape: Tape, node: number, text: string): boolean {
  const { bytes } = tape;
  const start = startOf(tape, node) + 1;
  if (endOf(tape, node) - 1 - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Less than 0 where the one text comes before the other by UTF-16 code units (RFC 8785 section 3.2.3), 0 where they are one. */
export function compareTexts(tape: Tape, a: number, b: number): number {
  if (kindOf(tape, a) !== Kind.plainText || kindOf(tape, b) !== Kind.plainText) {
    const [first, second] = [textOf(tape, a), textOf(tape, b)];
    return first < second ? -1 : first > second ? 1 : 0;
  }
  const { bytes } = tape;
  const startA = startOf(tape, a) + 1;
  const startB = startOf(tape, b) + 1;
  const lengthA = endOf(tape, a) - startA;
  const lengthB = endOf(tape, b) - startB;
  // The last byte of each is its quote.
  const shared = (lengthA < lengthB ? lengthA : lengthB) - 1;
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[startA + i] ?? 0) - (bytes[startB + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}

/** Says of a text that it is a member's name. */
export function noteName(tape: Tape, name: number): void {
  const first = tape.bytes[startOf(tape, name) + 1] ?? 0;
  if (first >= ZERO && first <= NINE) tape.hasDigitNames = true;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const [ZERO, NINE] = [0x30, 0x39];

/** Each of the readers answers with the byte behind what it read, or -1. */
function readValue(tape: Tape, at: number, depth: number): number {
  switch (tape.bytes[at]) {
    case QUOTE:
      return readString(tape, at);
    case OPEN_OBJECT:
      return readObject(tape, at, depth);
    case OPEN_ARRAY:
      return readArray(tape, at, depth);
    case 0x74:
      return readLiteral(tape, at, 'true');
    case 0x66:
      return readLiteral(tape, at, 'false');
    case 0x6e:
      return readLiteral(tape, at, 'null');
    default:
      return readNumber(tape, at);
  }
}

function readObject(tape: Tape, at: number, depth: number): number {
  if (depth === MAX_DEPTH) return -1;
  const object = push(tape, Kind.object, at, at);
  if (tape.bytes[at + 1] === CLOSE_OBJECT) return close(tape, object, at + 2);
  let before = -1;
  for (let i = at + 1; ; i++) {
    if (tape.bytes[i] !== QUOTE) return -1;
    const name = tape.count;
    i = readString(tape, i);
    if (i < 0 || tape.bytes[i] !== COLON) return -1;
    noteName(tape, name);
    if (before >= 0 && compareTexts(tape, before, name) >= 0) return -1;
    before = name;
    i = readValue(tape, i + 1, depth + 1);
    if (i < 0) return -1;
    const byte = tape.bytes[i];
    if (byte === CLOSE_OBJECT) return close(tape, object, i + 1);
    if (byte !== COMMA) return -1;
  }
}

function readArray(tape: Tape, at: number, depth: number): number {
  if (depth === MAX_DEPTH) return -1;
  const array = push(tape, Kind.array, at, at);
  if (tape.bytes[at + 1] === CLOSE_ARRAY) return close(tape, array, at + 2);
  for (let i = at + 1; ; i++) {
    i = readValue(tape, i, depth + 1);
    if (i < 0) return -1;
    const byte = tape.bytes[i];
    if (byte === CLOSE_ARRAY) return close(tape, array, i + 1);
    if (byte !== COMMA) return -1;
  }
}

function readString(tape: Tape, at: number): number {
  const { bytes } = tape;
  let isPlain = true;
  for (let i = at + 1; ; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) {
      push(tape, isPlain ? Kind.plainText : Kind.otherText, at, i + 1);
      return i + 1;
    }
    if (byte < 0x20) return -1;
    if (byte === BACKSLASH) {
      isPlain = false;
      const length = escapeLength(bytes, i);
      if (length === 0) return -1;
      i += length - 1;
    } else if (byte > 0x7e) {
      isPlain = false;
      if (byte > 0x7f) tape.notAscii++;
    }
  }
}

/** Bytes of an escape that RFC 8785 section 3.2.2.2 asks for, 0 for any other. */
function escapeLength(bytes: Buffer, at: number): number {
  const letter = bytes[at + 1] ?? 0;
  if (letter !== 0x75) return SHORT_ESCAPES.has(letter) ? 2 : 0;
  const digits = bytes.toString('latin1', at + 2, at + 6);
  if (!/^00[01][0-9a-f]$/.test(digits)) return 0;
  // Those that have a letter are written with it.
  return /^00(?:08|09|0a|0c|0d)$/.test(digits) ? 0 : 6;
}

const SHORT_ESCAPES = new Set(Buffer.from('"\\bfnrt'));

function readNumber(tape: Tape, at: number): number {
  const { bytes } = tape;
  let i = at;
  for (let byte = bytes[i] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[++i] ?? 0);
  const digits = i - at;
  while (IS_OF_NUMBER[bytes[i] ?? 0] === 1) i++;
  // Exact, and written so by ECMAScript: no need to read and write it again.
  const isPlain = digits > 0 && digits < 16 && i === at + digits && (digits === 1 || bytes[at] !== ZERO);
  if (!isPlain) {
    const text = bytes.toString('latin1', at, i);
    if (!Number.isFinite(Number(text)) || String(Number(text)) !== text) return -1;
  }
  push(tape, Kind.number, at, i);
  return i;
}

const IS_OF_NUMBER = new Uint8Array(256);
for (const byte of Buffer.from('0123456789+-.eE')) IS_OF_NUMBER[byte] = 1;

function readLiteral(tape: Tape, at: number, literal: string): number {
  const end = at + literal.length;
  if (tape.bytes.toString('latin1', at, end) !== literal) return -1;
  push(tape, Kind.literal, at, end);
  return end;
}

function push(tape: Tape, kind: number, start: number, end: number): number {
  const node = tape.count++;
  const at = node * NODE;
  if (at + NODE > tape.nodes.length) {
    const larger = new Int32Array(tape.nodes.length * 2);
    larger.set(tape.nodes);
    tape.nodes = larger;
  }
  const { nodes } = tape;
  nodes[at] = kind;
  nodes[at + 1] = start;
  nodes[at + 2] = end;
  nodes[at + 3] = node + 1;
  return node;
}

function close(tape: Tape, node: number, end: number): number {
  tape.nodes[node * NODE + 2] = end;
  tape.nodes[node * NODE + 3] = tape.count;
  return end;
}
