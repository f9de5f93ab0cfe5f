import { fileDigest, type ByteSource, type LocatedMember, type Manifest } from '@vouchsafe/forensic-bundle';
import { Problem, check } from './problem.js';

/** The files of a bundle, each of which must be read to its end once: only then has its content been compared. */
export type Members = {
  readonly names: readonly string[];
  readonly has: (name: string) => boolean;
  /** All of a small file. */
  readonly whole: (name: string) => Buffer;
  /** A large file from its start on. */
  readonly cursor: (name: string) => Cursor;
  /** The files that nothing has read to the end. */
  readonly unread: () => string[];
};

/** Reads a file once, forward. Views that it gives out are good until the next call. */
export type Cursor = {
  readonly name: string;
  /** The next line without its newline; undefined at the end. */
  readonly line: () => Uint8Array | undefined;
  /** Reads on: undefined when the file goes on with exactly these bytes, else the offset of the first that differs. */
  readonly differsAt: (expected: Uint8Array) => number | undefined;
  /** Throws unless everything was read, and was what the manifest and the ZIP say. */
  readonly end: () => void;
};

/** Small enough to stay in the processor's cache from the disk to the hash. */
const CHUNK_BYTES = 256 * 1024;
const MAX_SMALL_BYTES = 64 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024 * 1024;

export function bundleMembers(
  source: ByteSource,
  located: readonly LocatedMember[],
  manifest: Manifest,
): Members {
  const members = new Map(located.map((member) => [member.name, member]));
  const promised = new Map(manifest.files.map((file) => [file.name, file]));
  const read = new Set<string>();

  const compare = (name: string, digest: ReturnType<typeof fileDigest>): void => {
    const { sha256, crc32 } = digest.done();
    check(sha256 === promised.get(name)?.sha256, name, 'its SHA-256 is not the one in the manifest');
    check(crc32 === members.get(name)?.crc32, name, 'its CRC-32 is not the one in the ZIP');
    read.add(name);
  };

  const whole = (name: string): Buffer => {
    const member = memberNamed(members, name);
    check(member.size <= MAX_SMALL_BYTES, name, 'it is far too large');
    const bytes = Buffer.from(source.read(member.dataOffset, member.size));
    const digest = fileDigest();
    digest.update(bytes);
    compare(name, digest);
    return bytes;
  };

  const cursor = (name: string): Cursor => {
    const member = memberNamed(members, name);
    const digest = fileDigest();
    let fetched = 0;
    let chunk: Buffer = Buffer.alloc(0);
    const room = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, member.size));
    let at = 0;
    const fetchNext = (): boolean => {
      const length = Math.min(CHUNK_BYTES, member.size - fetched);
      if (length === 0) return false;
      const read = source.read(member.dataOffset + fetched, length, room);
      chunk = Buffer.from(read.buffer, read.byteOffset, read.byteLength);
      digest.update(chunk);
      fetched += length;
      at = 0;
      return true;
    };
    const take = (end: number): Buffer => {
      const taken = chunk.subarray(at, end);
      at = end;
      return taken;
    };
    /** A line that lies in several chunks. */
    const longLine = (): Buffer | undefined => {
      const parts: Buffer[] = [Buffer.from(take(chunk.length))];
      for (let length = parts[0]?.length ?? 0; fetchNext(); length += chunk.length) {
        const end = chunk.indexOf(0x0a);
        if (end >= 0) {
          parts.push(take(end));
          at = end + 1;
          return Buffer.concat(parts);
        }
        parts.push(Buffer.from(take(chunk.length)));
        check(length + chunk.length <= MAX_LINE_BYTES, name, 'a line is far too long');
      }
      check(
        parts.every((part) => part.length === 0),
        name,
        'its last line has no end',
      );
      return undefined;
    };
    return {
      name,
      line: () => {
        const end = chunk.indexOf(0x0a, at);
        if (end < 0) return longLine();
        const line = take(end);
        at = end + 1;
        return line;
      },
      differsAt: (expected) => {
        const bytes = Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength);
        for (let compared = 0; compared < bytes.length;) {
          if (at === chunk.length && !fetchNext()) return compared;
          const found = take(Math.min(chunk.length, at + bytes.length - compared));
          const part = bytes.subarray(compared, compared + found.length);
          if (!found.equals(part)) return compared + found.findIndex((byte, i) => byte !== part[i]);
          compared += found.length;
        }
        return undefined;
      },
      end: () => {
        check(
          at === chunk.length && fetched === member.size,
          name,
          'it has more lines than there are entries',
        );
        compare(name, digest);
      },
    };
  };

  return {
    names: [...members.keys()],
    has: (name) => members.has(name),
    whole,
    cursor,
    unread: () => manifest.files.map((file) => file.name).filter((name) => !read.has(name)),
  };
}

function memberNamed(members: ReadonlyMap<string, LocatedMember>, name: string): LocatedMember {
  const member = members.get(name);
  if (!member) throw new Problem(name, 'it is missing');
  return member;
}
