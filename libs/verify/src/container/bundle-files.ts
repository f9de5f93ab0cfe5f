import { createHash } from 'node:crypto';
// By its default export: a Node that is too old has no `crc32`, and must get as far as to say that it is too old.
import zlib from 'node:zlib';
import { MAX_LINE_BYTES } from '../limits.js';
import type { Manifest } from '../manifest/manifest.js';
import { Problem, check } from '../problem.js';
import type { ByteSource, ZipMember } from './zip.js';

/** The files of a bundle. Reading one to its end compares it with what the manifest and the ZIP say of it. */
export type BundleFiles = {
  /** Names of the files in a folder of the root. */
  readonly inFolder: (folder: string) => readonly string[];
  readonly has: (name: string) => boolean;
  /** All of a file that has so many bytes at most. */
  readonly whole: (name: string, maxBytes: number) => Buffer;
  /** A large file from its start on. */
  readonly cursor: (name: string) => Cursor;
  /** The files that nothing has read to the end. */
  readonly unread: () => string[];
};

/** Reads a file once, forward. */
export type Cursor = {
  readonly name: string;
  /** The next line without its newline; undefined at the end. */
  readonly line: () => Buffer | undefined;
  /** So many bytes, or what is left. */
  readonly bytes: (length: number) => Buffer;
  /** Throws unless everything was read, and was what the manifest and the ZIP say. */
  readonly end: () => void;
};

const CHUNK_BYTES = 256 * 1024;

export function bundleFiles(
  source: ByteSource,
  members: ReadonlyMap<string, ZipMember>,
  manifest: Manifest,
): BundleFiles {
  const promised = new Map(manifest.files.map((file) => [file.name, file.sha256]));
  const read = new Set<string>();
  const folders = namesByFolder(members.keys());
  const named = (name: string): ZipMember => {
    const member = members.get(name);
    if (!member) throw new Problem(name, 'it is missing');
    return member;
  };
  const compare = (member: ZipMember, { crc32, sha256 }: FileDigest): void => {
    check(sha256 === promised.get(member.name), member.name, 'its SHA-256 is not the one in the manifest');
    check(crc32 === member.crc32, member.name, 'its CRC-32 is not the one in the ZIP');
    read.add(member.name);
  };
  return {
    inFolder: (folder) => folders.get(folder) ?? [],
    has: (name) => members.has(name),
    whole: (name, maxBytes) => {
      const member = named(name);
      checkSize(member, maxBytes);
      const bytes = readMember(source, member);
      compare(member, fileDigest(bytes));
      return bytes;
    },
    cursor: (name) => {
      const member = named(name);
      return openCursor(source, member, (digest) => compare(member, digest));
    },
    unread: () => manifest.files.map((file) => file.name).filter((name) => !read.has(name)),
  };
}

function namesByFolder(names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const folders = new Map<string, string[]>();
  for (const name of names) {
    const folder = name.slice(0, Math.max(0, name.indexOf('/')));
    const there = folders.get(folder);
    if (there) there.push(name);
    else folders.set(folder, [name]);
  }
  return folders;
}

/** Before it is read. */
export function checkSize({ name, size }: ZipMember, maxBytes: number): void {
  check(size <= maxBytes, name, `it has ${size} bytes; more than ${maxBytes} are not read`);
}

export type FileDigest = { readonly crc32: number; readonly sha256: string };

export function fileDigest(bytes: Uint8Array): FileDigest {
  return { crc32: zlib.crc32(bytes), sha256: createHash('sha256').update(bytes).digest('hex') };
}

export function readMember(source: ByteSource, { dataOffset, size }: ZipMember): Buffer {
  return Buffer.from(source.read(dataOffset, size));
}

function openCursor(source: ByteSource, member: ZipMember, atEnd: (digest: FileDigest) => void): Cursor {
  const { name, size, dataOffset } = member;
  const sha256 = createHash('sha256');
  let crc32 = 0;
  let fetched = 0;
  /** What was fetched; from `at` on it is not yet given out. */
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  const fetchMore = (): boolean => {
    const length = Math.min(CHUNK_BYTES, size - fetched);
    if (length === 0) return false;
    const more = source.read(dataOffset + fetched, length);
    sha256.update(more);
    crc32 = zlib.crc32(more, crc32);
    fetched += length;
    chunk = Buffer.concat([chunk.subarray(at), more]);
    at = 0;
    return true;
  };
  const take = (end: number): Buffer => {
    const taken = chunk.subarray(at, end);
    at = end;
    return taken;
  };
  return {
    name,
    line: () => {
      let end = chunk.indexOf(0x0a, at);
      while (end < 0) {
        check(chunk.length - at <= MAX_LINE_BYTES, name, 'a line is far too long');
        if (!fetchMore()) {
          check(at === chunk.length, name, 'its last line has no end');
          return undefined;
        }
        end = chunk.indexOf(0x0a);
      }
      const line = take(end);
      at++;
      return line;
    },
    bytes: (length) => {
      while (chunk.length - at < length && fetchMore());
      return take(Math.min(at + length, chunk.length));
    },
    end: () => {
      const isAtEnd = at === chunk.length && fetched === size;
      check(isAtEnd, name, 'it has more lines than there are entries');
      atEnd({ crc32, sha256: sha256.digest('hex') });
    },
  };
}
