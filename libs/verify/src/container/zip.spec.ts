import zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { layOutZip, type ZipMember } from '@vouchsafe/forensic-bundle';
import fc from 'fast-check';
import { inMemory } from '../bundle.fixture.js';
import { zipOf } from '../forgery.fixture.js';
import { Unreadable } from '../problem.js';
import { readMember } from './bundle-files.js';
import { readZip, type ByteSource } from './zip.js';

/** Made by the exporter, who shares no code with the reader; files beyond 4 GB are zeros that nobody keeps. */
function sparse(
  members: readonly ZipMember[],
  change: (bytes: Buffer) => Buffer = (bytes) => bytes,
): ByteSource {
  const layout = layOutZip(members);
  const tail = change(layout.tail);
  const headers = new Map(layout.members.map(({ offset, header }) => [offset, header]));
  return {
    size: layout.tailOffset + tail.length,
    read: (offset, length) => {
      const header = headers.get(offset);
      if (header && offset < layout.tailOffset) return header.subarray(0, length);
      if (offset < layout.tailOffset) throw new Error(`nothing to read at ${offset}`);
      return tail.subarray(offset - layout.tailOffset, offset - layout.tailOffset + length);
    },
  };
}

const LARGE = 5 * 2 ** 30;
const ARCHIVES: [what: string, members: ZipMember[]][] = [
  ['nothing', []],
  ['a small file', [{ name: 'a', size: 3, crc32: 7 }]],
  [
    'a file beyond 4 GB, and one behind it',
    [
      { name: 'a', size: LARGE, crc32: 1 },
      { name: 'b', size: 3, crc32: 2 },
    ],
  ],
  ['a file of the first size that needs zip64', [{ name: 'a', size: 0xffff_ffff, crc32: 1 }]],
  [
    'the last that does not, and a large one behind it',
    [
      { name: 'a', size: 0xffff_fffe, crc32: 1 },
      { name: 'b', size: LARGE, crc32: 2 },
    ],
  ],
  [
    '70,000 files',
    Array.from({ length: 70_000 }, (_, i) => ({ name: `f${String(i).padStart(6, '0')}`, size: 0, crc32: 0 })),
  ],
];

const memberName = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9]{1,8}){0,2}$/);
const files = fc.uniqueArray(fc.tuple(memberName, fc.uint8Array({ maxLength: 50 })), {
  selector: ([name]) => name,
  minLength: 1,
});

describe('a ZIP in the one form that a bundle has', () => {
  it('is read as what was written, where it was written', () => {
    fc.assert(
      fc.property(files, (listed) => {
        const content = new Map(listed.map(([name, bytes]) => [name, Buffer.from(bytes)]));
        const source = inMemory(zipOf(content));
        const read = readZip(source);
        expect(new Map(read.map((member) => [member.name, readMember(source, member)]))).toEqual(content);
        for (const { name, crc32 } of read) expect(crc32).toBe(zlib.crc32(content.get(name) ?? ''));
      }),
    );
  });

  it.each(ARCHIVES)('is read: %s', (_, members) => {
    const read = readZip(sparse(members));
    expect(read).toHaveLength(members.length);
    expect(read.map(({ name, size, crc32 }) => ({ name, size, crc32 }))).toEqual(members);
  });

  it.each(ARCHIVES.filter(([, members]) => members.length < 10))(
    'is refused when any byte of its directory is another: %s',
    (_, members) => {
      const { length } = layOutZip(members).tail;
      for (let at = 0; at < length; at++) {
        const source = sparse(members, (tail) => Buffer.from(tail.with(at, (tail[at] ?? 0) ^ 1)));
        expect(() => readZip(source)).toThrow();
      }
    },
  );

  it('is refused where it ends in nothing that is a ZIP', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(22),
      Buffer.from('PK\u0005\u0006'.padEnd(22, '\u00ff'), 'latin1'),
    ]) {
      const source = {
        size: bytes.length,
        read: (offset: number, length: number) => bytes.subarray(offset, offset + length),
      };
      expect(() => readZip(source)).toThrow(Unreadable);
    }
  });
});
