import { compareNames, isMemberName } from './names.js';

/**
 * The one form that a bundle's ZIP (APPNOTE 6.3.10) has, so that it can hide nothing: members stored, not compressed,
 * in ascending order of their names, one behind the other from the first byte on; the same fixed time and mode for
 * all; sizes and CRC in the local header, so no data descriptors; no comment, no extra field but zip64's, and that
 * only where a number does not fit; nothing between, before or after. A reader makes all but the members' data from
 * the list of members, and compares. It compresses well on its way (`Content-Encoding`), and can't be a ZIP bomb.
 */
export type ZipMember = { readonly name: string; readonly size: number; readonly crc32: number };

export type ZipLayout = {
  /** Each member's local header, and where it starts; its data follows at once. */
  readonly members: readonly (ZipMember & { readonly header: Buffer; readonly offset: number })[];
  /** The central directory and its end, behind the last member's data. */
  readonly tail: Buffer;
  readonly tailOffset: number;
  /** Bytes of the whole file: the `Content-Length`. */
  readonly size: number;
};

const MAX_32 = 0xffff_ffff;
const MAX_16 = 0xffff;
const VERSION_STORED = 10;
const VERSION_ZIP64 = 45;
/** Made by version 4.5 on Unix, so that the mode counts: a plain file, readable by all. */
const MADE_BY = (3 << 8) | VERSION_ZIP64;
const MODE = 0o100644 * 2 ** 16;
/** 1980-01-01 00:00:00, the first that the format can say. */
const DOS_DATE = 0x0021;

/** Lays a bundle out. Throws unless the names are good and in ascending order: whoever calls has sorted them. */
export function layOutZip(members: readonly ZipMember[]): ZipLayout {
  const laidOut: (ZipMember & { header: Buffer; offset: number })[] = [];
  let offset = 0;
  for (const [i, member] of members.entries()) {
    const before = members[i - 1];
    if (!isMemberName(member.name)) throw new Error(`a member can't be named ${JSON.stringify(member.name)}`);
    if (before && compareNames(before.name, member.name) >= 0)
      throw new Error(`${member.name} is out of order`);
    const header = localHeader(member);
    laidOut.push({ ...member, header, offset });
    offset += header.length + member.size;
  }
  const directory = Buffer.concat(laidOut.map((member) => centralHeader(member, member.offset)));
  const tail = Buffer.concat([directory, endOfDirectory(laidOut.length, directory.length, offset)]);
  return { members: laidOut, tail, tailOffset: offset, size: offset + tail.length };
}

function localHeader({ name, size, crc32 }: ZipMember): Buffer {
  const large = size >= MAX_32;
  return fields([
    [4, 0x04034b50],
    [2, large ? VERSION_ZIP64 : VERSION_STORED],
    [2, 0], // flags: none
    [2, 0], // method: stored
    [2, 0],
    [2, DOS_DATE],
    [4, crc32],
    [4, large ? MAX_32 : size],
    [4, large ? MAX_32 : size],
    [2, name.length],
    [2, large ? 20 : 0],
    name,
    ...(large ? zip64([size, size]) : []),
  ]);
}

function centralHeader({ name, size, crc32 }: ZipMember, offset: number): Buffer {
  const large = size >= MAX_32;
  const far = offset >= MAX_32;
  const extra = zip64([...(large ? [size, size] : []), ...(far ? [offset] : [])]);
  return fields([
    [4, 0x02014b50],
    [2, MADE_BY],
    [2, large || far ? VERSION_ZIP64 : VERSION_STORED],
    [2, 0],
    [2, 0],
    [2, 0],
    [2, DOS_DATE],
    [4, crc32],
    [4, large ? MAX_32 : size],
    [4, large ? MAX_32 : size],
    [2, name.length],
    [2, extra.reduce((sum, field) => sum + field[0], 0)],
    [2, 0], // comment
    [2, 0], // disk
    [2, 0], // internal attributes
    [4, MODE],
    [4, far ? MAX_32 : offset],
    name,
    ...extra,
  ]);
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const large = count >= MAX_16 || size >= MAX_32 || offset >= MAX_32;
  const end = fields([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, Math.min(count, MAX_16)],
    [2, Math.min(count, MAX_16)],
    [4, Math.min(size, MAX_32)],
    [4, Math.min(offset, MAX_32)],
    [2, 0],
  ]);
  if (!large) return end;
  const zip64End = fields([
    [4, 0x06064b50],
    [8, 44],
    [2, MADE_BY],
    [2, VERSION_ZIP64],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, offset],
  ]);
  const locator = fields([
    [4, 0x07064b50],
    [4, 0],
    [8, offset + size],
    [4, 1],
  ]);
  return Buffer.concat([zip64End, locator, end]);
}

type Field = readonly [bytes: 2 | 4 | 8, value: number];

function zip64(values: readonly number[]): Field[] {
  return values.length === 0
    ? []
    : [[2, 1], [2, values.length * 8], ...values.map((value): Field => [8, value])];
}

/** Little-endian numbers and ASCII text, one behind the other. */
function fields(parts: readonly (Field | string)[]): Buffer {
  const length = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : part[0]), 0);
  const bytes = Buffer.alloc(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') at += bytes.write(part, at, 'latin1');
    else if (part[0] === 2) at = bytes.writeUInt16LE(part[1], at);
    else if (part[0] === 4) at = bytes.writeUInt32LE(part[1], at);
    else at = bytes.writeBigUInt64LE(BigInt(part[1]), at);
  }
  return bytes;
}
