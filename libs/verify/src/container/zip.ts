import { MAX_MEMBERS } from '../limits.js';
import { Unreadable } from '../problem.js';
import { isMemberName, MAX_NAME_LENGTH } from './names.js';

/** A file that can be read anywhere: `read` answers with exactly `length` bytes, or throws. */
export type ByteSource = {
  readonly size: number;
  readonly read: (offset: number, length: number) => Uint8Array;
};

export type ZipMember = {
  readonly name: string;
  readonly size: number;
  readonly crc32: number;
  /** Where its data starts. */
  readonly dataOffset: number;
};

/**
 * Step 1: the ZIP (APPNOTE.TXT 6.3.10) is in the one form that a bundle has, so that it hides nothing from a program
 * that reads ZIP files otherwise. Members are stored, not compressed, in ascending order of their names, one behind the
 * other from the first byte on; all have the same time and mode; sizes and CRC stand in the local header, so there are
 * no data descriptors; there is no comment, and no extra field but zip64's, that only where a number needs it.
 *
 * Everything but the members' data follows from their names, sizes and CRCs. So these are read from the central
 * directory, all headers are written again, and each must be what stands in the file. Throws `Unreadable` otherwise.
 */
export function readZip(source: ByteSource): ZipMember[] {
  const directory = findDirectory(source);
  if (directory.count > MAX_MEMBERS)
    throw new Unreadable(`it has ${directory.count} members; a bundle has ${MAX_MEMBERS} at most`);
  const listed = listMembers(Buffer.from(source.read(directory.offset, directory.size)));
  if (listed?.length !== directory.count) throw new Unreadable('its central directory cannot be read');
  const members: ZipMember[] = [];
  const centralHeaders: Buffer[] = [];
  let offset = 0;
  for (const [i, member] of listed.entries()) {
    if (!isMemberName(member.name))
      throw new Unreadable(`a member has the name ${JSON.stringify(member.name)}`);
    if (i > 0 && (listed[i - 1]?.name ?? '') >= member.name) {
      throw new Unreadable(`member ${member.name} is there twice, or out of order`);
    }
    const header = localHeader(member);
    if (offset + header.length + member.size > directory.offset || !stands(source, offset, header)) {
      throw new Unreadable(`the header of member ${member.name} is not in the one form that a bundle has`);
    }
    centralHeaders.push(centralHeader(member, offset));
    members.push({ ...member, dataOffset: offset + header.length });
    offset += header.length + member.size;
  }
  const central = Buffer.concat(centralHeaders);
  const tail = Buffer.concat([central, endOfDirectory(listed.length, central.length, offset)]);
  if (offset + tail.length !== source.size) {
    throw new Unreadable(`it has ${source.size} bytes; its members would make ${offset + tail.length}`);
  }
  if (!stands(source, offset, tail)) {
    throw new Unreadable('its central directory is not in the one form that a bundle has');
  }
  return members;
}

/** Section 4.3.12: what a member takes in the directory besides its name, with zip64's extra field of three numbers. */
const CENTRAL_HEADER_BYTES = 46 + 28;
const MAX_DIRECTORY_BYTES = MAX_MEMBERS * (CENTRAL_HEADER_BYTES + MAX_NAME_LENGTH);
const MAX_32 = 0xffff_ffff;
const MAX_16 = 0xffff;
const END_BYTES = 22;
const ZIP64_END_BYTES = 56;
const ZIP64_LOCATOR_BYTES = 20;

type Listed = Omit<ZipMember, 'dataOffset'>;

/** Sections 4.3.16 and 4.3.14: where the central directory lies. Only found here: what else stands there is compared later. */
function findDirectory(source: ByteSource): { offset: number; size: number; count: number } {
  const noZip = new Unreadable('it does not end as a ZIP file of a bundle does');
  if (source.size < END_BYTES) throw noZip;
  const end = Buffer.from(source.read(source.size - END_BYTES, END_BYTES));
  if (end.readUInt32LE(0) !== 0x06054b50) throw noZip;
  let found = { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
  if (found.count === MAX_16 || found.size === MAX_32 || found.offset === MAX_32) {
    const place = source.size - END_BYTES - ZIP64_LOCATOR_BYTES - ZIP64_END_BYTES;
    if (place < 0) throw noZip;
    const large = Buffer.from(source.read(place, ZIP64_END_BYTES));
    const number = (at: number): number => Number(large.readBigUInt64LE(at));
    found = { count: number(32), size: number(40), offset: number(48) };
  }
  if (found.offset + found.size > source.size || found.size > MAX_DIRECTORY_BYTES) throw noZip;
  return found;
}

/** Section 4.3.12: name, size and CRC of each member; undefined where the directory is none. */
function listMembers(directory: Buffer): Listed[] | undefined {
  const members: Listed[] = [];
  for (let at = 0; at < directory.length;) {
    if (directory.length - at < 46 || directory.readUInt32LE(at) !== 0x02014b50) return undefined;
    const extra = at + 46 + directory.readUInt16LE(at + 28);
    const next = extra + directory.readUInt16LE(at + 30);
    if (next > directory.length) return undefined;
    const shortSize = directory.readUInt32LE(at + 24);
    // Section 4.5.3: the size of a large member is the first number in its extra field.
    if (shortSize === MAX_32 && next - extra < 12) return undefined;
    const size = shortSize === MAX_32 ? Number(directory.readBigUInt64LE(extra + 4)) : shortSize;
    if (!Number.isSafeInteger(size)) return undefined;
    members.push({
      name: directory.toString('latin1', at + 46, extra),
      size,
      crc32: directory.readUInt32LE(at + 16),
    });
    at = next;
  }
  return members;
}

/** Section 4.3.7. */
function localHeader({ name, size, crc32 }: Listed): Buffer {
  const isLarge = size >= MAX_32;
  const extra = isLarge ? zip64Extra(size, size) : NOTHING;
  return Buffer.concat([
    u32(0x04034b50),
    ...[u16(isLarge ? VERSION_ZIP64 : VERSION_STORED), u16(0), u16(STORED), u16(0), u16(DOS_DATE)],
    ...[u32(crc32), u32(isLarge ? MAX_32 : size), u32(isLarge ? MAX_32 : size)],
    ...[u16(name.length), u16(extra.length), Buffer.from(name, 'latin1'), extra],
  ]);
}

/** Section 4.3.12. */
function centralHeader({ name, size, crc32 }: Listed, offset: number): Buffer {
  const [isLarge, isFar] = [size >= MAX_32, offset >= MAX_32];
  const numbers = [...(isLarge ? [size, size] : []), ...(isFar ? [offset] : [])];
  const extra = numbers.length > 0 ? zip64Extra(...numbers) : NOTHING;
  return Buffer.concat([
    ...[u32(0x02014b50), u16(MADE_BY), u16(numbers.length > 0 ? VERSION_ZIP64 : VERSION_STORED)],
    ...[u16(0), u16(STORED), u16(0), u16(DOS_DATE)],
    ...[u32(crc32), u32(isLarge ? MAX_32 : size), u32(isLarge ? MAX_32 : size)],
    // No comment, disk 0, no internal attributes.
    ...[u16(name.length), u16(extra.length), u16(0), u16(0), u16(0), u32(MODE), u32(isFar ? MAX_32 : offset)],
    ...[Buffer.from(name, 'latin1'), extra],
  ]);
}

/** Section 4.3.16; before it, where a number does not fit, sections 4.3.14 and 4.3.15. */
function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const isLarge = count >= MAX_16 || size >= MAX_32 || offset >= MAX_32;
  const zip64 = [
    ...[u32(0x06064b50), u64(44), u16(MADE_BY), u16(VERSION_ZIP64), u32(0), u32(0)],
    ...[u64(count), u64(count), u64(size), u64(offset)],
    ...[u32(0x07064b50), u32(0), u64(offset + size), u32(1)],
  ];
  const shortCount = u16(Math.min(count, MAX_16));
  return Buffer.concat([
    ...(isLarge ? zip64 : []),
    ...[u32(0x06054b50), u16(0), u16(0), shortCount, shortCount],
    ...[u32(Math.min(size, MAX_32)), u32(Math.min(offset, MAX_32)), u16(0)],
  ]);
}

/** Section 4.5.3. */
function zip64Extra(...numbers: number[]): Buffer {
  return Buffer.concat([u16(1), u16(numbers.length * 8), ...numbers.map(u64)]);
}

const STORED = 0;
const VERSION_STORED = 10;
const VERSION_ZIP64 = 45;
/** Made by version 4.5 on Unix, so that the mode counts: a plain file, readable by all. */
const MADE_BY = (3 << 8) | VERSION_ZIP64;
const MODE = 0o100644 * 2 ** 16;
/** 1980-01-01 00:00:00, the first that the format can say. */
const DOS_DATE = 0x0021;
const NOTHING = Buffer.alloc(0);

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function stands(source: ByteSource, offset: number, expected: Buffer): boolean {
  if (offset + expected.length > source.size) return false;
  return expected.equals(source.read(offset, expected.length));
}
