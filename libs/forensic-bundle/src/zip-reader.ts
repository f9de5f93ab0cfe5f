import { compareNames, isMemberName } from './names.js';
import { layOutZip, type ZipMember } from './zip-format.js';

/** A file that can be read anywhere: `read` answers with exactly `length` bytes, or throws. */
export type ByteSource = {
  readonly size: number;
  /** May put the bytes into `room`, which its owner uses again for the next. */
  readonly read: (offset: number, length: number, room?: Uint8Array) => Uint8Array;
};

/** A member and where its data starts. */
export type LocatedMember = ZipMember & { readonly dataOffset: number };

/**
 * Opens a ZIP that is in the one form of `layOutZip`; else says what is not. The members' data is not read here:
 * whoever reads it compares its CRC-32 and SHA-256.
 */
export function readZip(source: ByteSource): { members: readonly LocatedMember[] } | { error: string } {
  const end = findDirectory(source);
  if ('error' in end) return end;
  const listed = listMembers(Buffer.from(source.read(end.offset, end.size)));
  if (listed?.length !== end.count) return { error: 'its central directory can not be read' };
  for (const [i, { name }] of listed.entries()) {
    if (!isMemberName(name)) return { error: `a member has the name ${JSON.stringify(name)}` };
    if (i > 0 && compareNames(listed[i - 1]?.name ?? '', name) >= 0) {
      return { error: `member ${name} is there twice, or out of order` };
    }
  }
  const layout = layOutZip(listed);
  if (layout.size !== source.size || layout.tailOffset !== end.offset) {
    return { error: `it has ${source.size} bytes; its members would make ${layout.size}` };
  }
  if (!layout.tail.equals(source.read(layout.tailOffset, layout.tail.length))) {
    return { error: 'its central directory is not in the one form that a bundle has' };
  }
  for (const { name, header, offset } of layout.members) {
    if (!header.equals(source.read(offset, header.length))) {
      return { error: `the header of member ${name} is not in the one form that a bundle has` };
    }
  }
  return { members: layout.members.map((m) => ({ ...m, dataOffset: m.offset + m.header.length })) };
}

/** More members than any bundle has; their list must fit in memory. */
const MAX_DIRECTORY_BYTES = 256 * 1024 * 1024;

type Directory = { readonly offset: number; readonly size: number; readonly count: number };

function findDirectory(source: ByteSource): Directory | { error: string } {
  const noZip = { error: 'it does not end as a ZIP file of a bundle does' };
  if (source.size < 22) return noZip;
  const end = Buffer.from(source.read(source.size - 22, 22));
  if (end.readUInt32LE(0) !== 0x06054b50) return noZip;
  const short = { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
  const large = short.count === 0xffff || short.size === 0xffff_ffff || short.offset === 0xffff_ffff;
  const found = large ? findLargeDirectory(source) : short;
  if (!found || found.offset + found.size > source.size || found.size > MAX_DIRECTORY_BYTES) return noZip;
  return found;
}

function findLargeDirectory(source: ByteSource): Directory | undefined {
  if (source.size < 22 + 20 + 56) return undefined;
  const end = Buffer.from(source.read(source.size - 22 - 20 - 56, 56));
  if (end.readUInt32LE(0) !== 0x06064b50) return undefined;
  const [count, size, offset] = [32, 40, 48].map((at) => Number(end.readBigUInt64LE(at)));
  return { count: count ?? 0, size: size ?? 0, offset: offset ?? 0 };
}

/** Only what the layout is made from; whether all else is as it must be, the comparison with the layout shows. */
function listMembers(directory: Buffer): ZipMember[] | undefined {
  const members: ZipMember[] = [];
  for (let at = 0; at < directory.length;) {
    if (directory.length - at < 46 || directory.readUInt32LE(at) !== 0x02014b50) return undefined;
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameLength + extraLength;
    if (next > directory.length) return undefined;
    const shortSize = directory.readUInt32LE(at + 24);
    const large = shortSize === 0xffff_ffff;
    if (large && extraLength < 20) return undefined;
    const size = large ? Number(directory.readBigUInt64LE(at + 46 + nameLength + 4)) : shortSize;
    if (!Number.isSafeInteger(size)) return undefined;
    const name = directory.toString('latin1', at + 46, at + 46 + nameLength);
    members.push({ name, size, crc32: directory.readUInt32LE(at + 16) });
    at = next;
  }
  return members;
}
