import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { fileDigest } from './member-digest.js';
import { compareNames } from './names.js';
import { layOutZip, type ZipMember } from './zip-format.js';
import { readZip, type ByteSource } from './zip-reader.js';

const name = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9]{1,8}){0,2}$/);
const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 50 })), {
  selector: ([n]) => n,
  minLength: 1,
});

function zipOf(content: [string, Uint8Array][]): { bytes: Buffer; members: ZipMember[] } {
  const sorted = [...content].sort(([a], [b]) => compareNames(a, b));
  const members = sorted.map(([member, bytes]) => {
    const digest = fileDigest();
    digest.update(bytes);
    return { name: member, ...digest.done() };
  });
  const layout = layOutZip(members);
  const parts = layout.members.flatMap(({ header }, i) => [header, sorted[i]?.[1] ?? Buffer.alloc(0)]);
  const bytes = Buffer.concat([...parts, layout.tail]);
  expect(bytes.length).toBe(layout.size);
  return { bytes, members };
}

function inMemory(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

describe('the ZIP of a bundle', () => {
  it('is read by another library of ZIP, which finds the same files', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (content) => {
        const { bytes } = zipOf(content);
        const found = await readByYauzl(bytes);
        expect(found).toEqual(new Map(content.map(([n, b]) => [n, Buffer.from(b).toString('hex')])));
      }),
      { numRuns: 40 },
    );
  });

  it('is read again as what was written, where it was written', () => {
    fc.assert(
      fc.property(files, (content) => {
        const { bytes, members } = zipOf(content);
        const read = readZip(inMemory(bytes));
        if ('error' in read) throw new Error(read.error);
        expect(read.members).toMatchObject(
          members.map(({ name: n, size, crc32 }) => ({ name: n, size, crc32 })),
        );
        for (const [n, b] of content) {
          const at = read.members.find((m) => m.name === n)?.dataOffset ?? -1;
          expect(bytes.subarray(at, at + b.length)).toEqual(Buffer.from(b));
        }
      }),
    );
  });

  it('holds files, offsets and counts beyond 32 and 16 bits, by zip64', () => {
    const large = 5 * 2 ** 30;
    for (const members of [
      [
        { name: 'a', size: large, crc32: 1 },
        { name: 'b', size: 3, crc32: 2 },
      ],
      [{ name: 'a', size: 0xffff_ffff, crc32: 1 }],
      [
        { name: 'a', size: 0xffff_fffe, crc32: 1 },
        { name: 'b', size: large, crc32: 2 },
      ],
      Array.from({ length: 70_000 }, (_, i) => ({
        name: `f${String(i).padStart(6, '0')}`,
        size: 0,
        crc32: 0,
      })),
    ]) {
      const read = readZip(sparse(members));
      expect('error' in read ? read.error : read.members.length).toBe(members.length);
    }
  });

  it('is not laid out with names that are out of order, twice there, or lead elsewhere', () => {
    const member = (n: string): ZipMember => ({ name: n, size: 0, crc32: 0 });
    expect(() => layOutZip([member('b'), member('a')])).toThrow('out of order');
    expect(() => layOutZip([member('a'), member('a')])).toThrow('out of order');
    for (const bad of [
      '',
      '/a',
      '../a',
      'a/../b',
      'a//b',
      'a/',
      'c:\\a',
      'ü',
      'a\0',
      '.a',
      'a'.repeat(256),
    ]) {
      expect(() => layOutZip([member(bad)])).toThrow("can't be named");
    }
  });
});

/** A ZIP whose data is zeros that nobody keeps. */
function sparse(members: ZipMember[]): ByteSource {
  const layout = layOutZip(members);
  const chunks = [
    ...layout.members.map((m) => ({ at: m.offset, bytes: m.header })),
    { at: layout.tailOffset, bytes: layout.tail },
  ];
  const starts = new Map(chunks.map((chunk) => [chunk.at, chunk.bytes]));
  return {
    size: layout.size,
    read: (offset, length) => {
      const known = starts.get(offset);
      if (known && known.length >= length) return known.subarray(0, length);
      if (offset < layout.tailOffset) throw new Error(`nothing to read at ${offset}`);
      return layout.tail.subarray(offset - layout.tailOffset, offset - layout.tailOffset + length);
    },
  };
}

async function readByYauzl(bytes: Buffer): Promise<Map<string, string>> {
  const zip = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(bytes, {
    lazyEntries: true,
  });
  const found = new Map<string, string>();
  return new Promise((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', () => resolve(found));
    zip.on('entry', (entry: yauzl.Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) {
          reject(error);
          return;
        }
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          found.set(entry.fileName, Buffer.concat(parts).toString('hex'));
          zip.readEntry();
        });
      });
    });
    zip.readEntry();
  });
}
