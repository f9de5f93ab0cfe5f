import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { fileDigest } from './member-digest.js';
import { compareNames } from './names.js';
import { layOutZip, type ZipMember } from './zip-format.js';

const name = fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z0-9]{1,8}){0,2}$/);
const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 50 })), {
  selector: ([n]) => n,
  minLength: 1,
});

function zipOf(content: [string, Uint8Array][]): Buffer {
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
  return bytes;
}

describe('the ZIP of a bundle', () => {
  it('is read by another library of ZIP, which finds the same files', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (content) => {
        const bytes = zipOf(content);
        const found = await readByYauzl(bytes);
        expect(found).toEqual(new Map(content.map(([n, b]) => [n, Buffer.from(b).toString('hex')])));
      }),
      { numRuns: 40 },
    );
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
