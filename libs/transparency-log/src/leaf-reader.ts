import { decodeBase64urlInto, sizeOfBase64url } from './base64.js';
import { reserve, writeByte, writeSpan, type Bytes } from './bytes.js';
import {
  clearTape,
  compareTexts,
  emptyTape,
  endOf,
  isObject,
  isText,
  Kind,
  kindOf,
  markChanged,
  nextOf,
  noteName,
  readPlaced,
  readText,
  roomFor,
  says,
  startOf,
  textOf,
  type Tape,
} from './json-tape.js';
import { hash } from 'node:crypto';

/** A leaf, opened in place. One reader reads many leaves, one after the other. */
export type LeafReader = {
  readonly tape: Tape;
  root: number;
  /** Digests that none of the disclosures opened: withheld, or erased. */
  undisclosed: number;
  /** What disclosures add: object, name and value of each, an object's in the order of their digests. */
  readonly added: number[];
  readonly digests: number[];
};

export type LeafFault =
  /** Not canonical JSON, or not an SD-JWT payload as `makeLeaf` writes it. */
  | { readonly status: 'malformed-leaf' }
  /** Not base64url of canonical `[salt, name, value]`. */
  | { readonly status: 'malformed-disclosure'; readonly disclosure: string }
  /** Its digest is not in the leaf, or it was given twice. */
  | { readonly status: 'foreign-disclosure'; readonly disclosure: string };

const MALFORMED: LeafFault = { status: 'malformed-leaf' };
const SALT_BYTES = 16;

/** base64url(SHA-256(ASCII(disclosure))), RFC 9901 section 4.2.3. */
export function digestOf(disclosure: string): string {
  return hash('sha256', disclosure, 'base64url');
}

export function leafReader(): LeafReader {
  return { tape: emptyTape(), root: 0, undisclosed: 0, added: [], digests: [] };
}

/** Puts disclosed values back into a leaf. Every disclosure must belong to it (RFC 9901 section 7.1). */
export function readLeaf(
  reader: LeafReader,
  leaf: Uint8Array,
  disclosures: readonly string[],
): LeafFault | undefined {
  const { tape } = reader;
  clearTape(tape);
  reader.added.length = 0;
  reader.digests.length = 0;
  const root = readText(tape, leaf);
  if (root === undefined || kindOf(tape, root) !== Kind.object) return MALFORMED;
  reader.root = root;
  const given: Given[] = [];
  for (const disclosure of disclosures) {
    const read = readDisclosure(tape, disclosure);
    if (!read) return { status: 'malformed-disclosure', disclosure };
    if (given.some(({ digest }) => digest === read.digest))
      return { status: 'foreign-disclosure', disclosure };
    given.push(read);
  }
  if (openObject(reader, root, given, root) < 0 || hasDouble(reader)) return MALFORMED;
  if (hasAlgorithm(tape, root) !== reader.digests.length > 0) return MALFORMED;
  const foreign = given.find(({ isUsed }) => !isUsed);
  if (foreign) return { status: 'foreign-disclosure', disclosure: foreign.disclosure };
  reader.undisclosed = reader.digests.length - given.length;
  return undefined;
}

/** Reads canonical JSON that has no digests, as if it were an opened leaf. */
export function readOpened(reader: LeafReader, text: Uint8Array): boolean {
  clearTape(reader.tape);
  reader.added.length = 0;
  reader.digests.length = 0;
  reader.undisclosed = 0;
  const root = readText(reader.tape, text);
  reader.root = root ?? 0;
  return root !== undefined && isObject(reader.tape, root);
}

/** Names and values, in turns, of an opened object: its own members, then those that disclosures added. */
export function membersOf({ tape, added }: LeafReader, object: number): number[] {
  const members: number[] = [];
  const isChanged = kindOf(tape, object) === Kind.changedObject;
  const end = nextOf(tape, object);
  for (let name = object + 1; name < end;) {
    const value = nextOf(tape, name);
    // What is reserved and was let through is the format's own.
    if (!isChanged || !isReservedName(tape, name)) members.push(name, value);
    name = nextOf(tape, value);
  }
  if (isChanged) {
    for (let i = 0; i < added.length; i += 3) {
      if (added[i] === object) members.push(added[i + 1] ?? 0, added[i + 2] ?? 0);
    }
  }
  return members;
}

/** An opened value as JSON; members in the order of `membersOf`, or sorted. Reserves its room. */
export function writeOpened(to: Bytes, reader: LeafReader, node: number, isSorted: boolean): void {
  const { tape } = reader;
  if (kindOf(tape, node) !== Kind.changedObject) {
    const start = startOf(tape, node);
    const end = endOf(tape, node);
    reserve(to, end - start);
    writeSpan(to, tape.bytes, start, end);
    return;
  }
  writeMembers(to, reader, membersOf(reader, node), isSorted);
}

/** An object of these names and values, in turns. */
export function writeMembers(
  to: Bytes,
  reader: LeafReader,
  members: readonly number[],
  isSorted: boolean,
): void {
  const { tape } = reader;
  reserve(to, 2);
  writeByte(to, 0x7b);
  const pairs = isSorted ? sortedPairs(tape, members) : members;
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? 0;
    const start = startOf(tape, name);
    const end = endOf(tape, name);
    reserve(to, end - start + 3);
    if (i > 0) writeByte(to, 0x2c);
    writeSpan(to, tape.bytes, start, end);
    writeByte(to, 0x3a);
    writeOpened(to, reader, pairs[i + 1] ?? 0, isSorted);
  }
  reserve(to, 1);
  writeByte(to, 0x7d);
}

function sortedPairs(tape: Tape, members: readonly number[]): readonly number[] {
  let isSorted = true;
  for (let i = 2; i < members.length && isSorted; i += 2) {
    isSorted = compareTexts(tape, members[i - 2] ?? 0, members[i] ?? 0) < 0;
  }
  if (isSorted) return members;
  const places = Array.from({ length: members.length / 2 }, (_, i) => i * 2);
  places.sort((a, b) => compareTexts(tape, members[a] ?? 0, members[b] ?? 0));
  return places.flatMap((place) => members.slice(place, place + 2));
}

type Given = {
  readonly disclosure: string;
  readonly digest: string;
  readonly name: number;
  readonly value: number;
  isUsed: boolean;
};

/** The format's own names. */
export function isReservedName(tape: Tape, name: number): boolean {
  const first = tape.bytes[startOf(tape, name) + 1];
  if (first === 0x5f) return says(tape, name, '_sd') || says(tape, name, '_sd_alg');
  return first === 0x2e && says(tape, name, '...');
}

/** Reads a disclosure behind what is on the tape: nothing is asked of where it belongs. */
export function readDisclosure(tape: Tape, disclosure: string): Given | undefined {
  const end = decodeBase64urlInto(disclosure, tape.bytes, roomFor(tape, disclosure.length));
  const array = end < 0 ? undefined : readPlaced(tape, end);
  if (array === undefined || kindOf(tape, array) !== Kind.array) return undefined;
  const behind = nextOf(tape, array);
  const salt = array + 1;
  const name = nextOf(tape, salt);
  const value = nextOf(tape, name);
  if (salt >= behind || name >= behind || value >= behind || nextOf(tape, value) !== behind) return undefined;
  if (kindOf(tape, salt) !== Kind.plainText || !isText(tape, name)) return undefined;
  if (sizeOfBase64url(tape.bytes, startOf(tape, salt) + 1, endOf(tape, salt) - 1) < SALT_BYTES)
    return undefined;
  if (isReservedName(tape, name) || hasReservedName(tape, value)) return undefined;
  noteName(tape, name);
  return { disclosure, digest: digestOf(disclosure), name, value, isUsed: false };
}

/** In an array, and in a disclosed value, the format's names stand nowhere. */
function hasReservedName(tape: Tape, value: number): boolean {
  const end = nextOf(tape, value);
  for (let node = value; node < end; node++) {
    if (kindOf(tape, node) !== Kind.object) continue;
    for (let name = node + 1; name < nextOf(tape, node); name = nextOf(tape, nextOf(tape, name))) {
      if (isReservedName(tape, name)) return true;
    }
  }
  return false;
}

/** How many digests an object holds, with all within it; -1 where it is not as `makeLeaf` writes it. */
function openObject(reader: LeafReader, object: number, given: readonly Given[], root: number): number {
  const { tape } = reader;
  const end = nextOf(tape, object);
  let digests = 0;
  let own: number | undefined;
  for (let name = object + 1; name < end;) {
    const value = nextOf(tape, name);
    if (isReservedName(tape, name)) {
      if (says(tape, name, '_sd')) own = value;
      else if (object !== root || !says(tape, name, '_sd_alg')) return -1;
    } else {
      const kind = kindOf(tape, value);
      if (kind === Kind.array && hasReservedName(tape, value)) return -1;
      const within = kind === Kind.object ? openObject(reader, value, given, root) : 0;
      if (within < 0) return -1;
      digests += within;
    }
    name = nextOf(tape, value);
  }
  if (own !== undefined) {
    const found = openDigests(reader, object, own, given);
    if (found < 0) return -1;
    digests += found;
  }
  if (digests > 0 || object === root) markChanged(tape, object);
  return digests;
}

function openDigests(reader: LeafReader, object: number, list: number, given: readonly Given[]): number {
  const { tape, digests } = reader;
  if (kindOf(tape, list) !== Kind.array) return -1;
  const end = nextOf(tape, list);
  let before: number | undefined;
  for (let digest = list + 1; digest < end; digest = nextOf(tape, digest)) {
    if (!isDigest(tape, digest)) return -1;
    if (before !== undefined && compareTexts(tape, before, digest) >= 0) return -1;
    digests.push((before = digest));
    const disclosed = given.find((one) => says(tape, digest, one.digest));
    if (!disclosed) continue;
    if (hasMember(reader, object, disclosed.name)) return -1;
    disclosed.isUsed = true;
    reader.added.push(object, disclosed.name, disclosed.value);
  }
  return before === undefined ? -1 : end - list - 1;
}

function isDigest(tape: Tape, node: number): boolean {
  if (kindOf(tape, node) !== Kind.plainText) return false;
  const start = startOf(tape, node) + 1;
  const end = endOf(tape, node) - 1;
  if (end - start !== 43) return false;
  for (let i = start; i < end; i++) if (IS_WORD[tape.bytes[i] ?? 0] !== 1) return false;
  return true;
}

const IS_WORD = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\w-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

function hasMember({ tape, added }: LeafReader, object: number, wanted: number): boolean {
  const end = nextOf(tape, object);
  for (let name = object + 1; name < end; name = nextOf(tape, nextOf(tape, name))) {
    if (compareTexts(tape, name, wanted) === 0) return true;
  }
  for (let i = 0; i < added.length; i += 3) {
    if (added[i] === object && compareTexts(tape, added[i + 1] ?? 0, wanted) === 0) return true;
  }
  return false;
}

/** That one digest stands in two places: a list is sorted, so it needs two lists. */
function hasDouble({ tape, digests }: LeafReader): boolean {
  let isAscending = true;
  for (let i = 1; i < digests.length && isAscending; i++) {
    isAscending = compareTexts(tape, digests[i - 1] ?? 0, digests[i] ?? 0) < 0;
  }
  return !isAscending && new Set(digests.map((digest) => textOf(tape, digest))).size < digests.length;
}

function hasAlgorithm(tape: Tape, root: number): boolean | 'another' {
  for (let name = root + 1; name < nextOf(tape, root); name = nextOf(tape, nextOf(tape, name))) {
    if (says(tape, name, '_sd_alg')) {
      const value = nextOf(tape, name);
      return (kindOf(tape, value) === Kind.plainText && says(tape, value, 'sha-256')) || 'another';
    }
  }
  return false;
}
