/** @promise P09, P31 long content that was changed, moved, cut off or put together anew does not open */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyFrom, newKeyBytes } from './aead.js';
import { CHUNK_BYTES, openingStream, sealedLength, sealedRange, sealingStream } from './stream.js';

const key = keyFrom(newKeyBytes());
const context = ['attachment', 'a'];
const sealedChunk = sealedLength(CHUNK_BYTES);

function seal(content: Buffer, pieces = 10_000): Promise<Buffer> {
  return buffer(Readable.from(cut(content, pieces)).pipe(sealingStream(key, context)));
}

function* cut(content: Buffer, length: number): Iterable<Buffer> {
  for (let at = 0; at < content.length; at += length) yield content.subarray(at, at + length);
}

function open(sealed: Buffer, size: number, part = { start: 0, end: size - 1 }, under = { key, context }) {
  const { start, end } = sealedRange(size, part);
  const from = Readable.from(cut(sealed.subarray(start, end + 1), 9_999));
  const opening = openingStream(under.key, under.context, size, part);
  from.once('error', (error) => opening.destroy(error));
  return buffer(from.pipe(opening));
}

describe('sealed streams', () => {
  it.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 200_000])(
    'of %d bytes come back as they were, and take the space that is foretold',
    async (size) => {
      const content = randomBytes(size);
      const sealed = await seal(content);
      expect(sealed).toHaveLength(sealedLength(size));
      expect((await open(sealed, size)).equals(content)).toBe(true);
    },
  );

  it('give any part without what comes before it, however it arrives', async () => {
    const content = randomBytes(3 * CHUNK_BYTES + 100);
    const sealed = await seal(content, 70_001);
    const place = fc.integer({ min: 0, max: content.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, place, async (one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const part = await open(sealed, content.length, { start, end });
        expect(part.equals(content.subarray(start, end + 1))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  const size = 3 * CHUNK_BYTES;
  const chunk = (sealed: Buffer, index: number) =>
    sealed.subarray(index * sealedChunk, (index + 1) * sealedChunk);
  it.each<[string, (sealed: Buffer) => Buffer, number]>([
    ['a byte that was changed', (sealed) => flipped(sealed, 100_000), size],
    ['two chunks that changed places', (s) => Buffer.concat([chunk(s, 1), chunk(s, 0), chunk(s, 2)]), size],
    ['a chunk twice', (s) => Buffer.concat([chunk(s, 0), chunk(s, 0), chunk(s, 2)]), size],
    ['an end that is missing, within a chunk', (s) => s.subarray(0, -1), size],
    ['an end that is missing, at a chunk', (s) => s.subarray(0, 2 * sealedChunk), size],
    ['a size that was changed with it', (s) => s.subarray(0, 2 * sealedChunk), 2 * CHUNK_BYTES],
    ['nothing at all', () => Buffer.alloc(0), size],
  ])('do not open with %s', async (_, change, read) => {
    const sealed = await seal(randomBytes(size));
    await expect(open(change(sealed), read)).rejects.toMatchObject({ fault: 'value-does-not-open' });
  });

  it('do not open under another key, nor in another place', async () => {
    const sealed = await seal(Buffer.from('text'));
    const faults = { fault: 'value-does-not-open' };
    await expect(open(sealed, 4, undefined, { key: keyFrom(newKeyBytes()), context })).rejects.toMatchObject(
      faults,
    );
    await expect(open(sealed, 4, undefined, { key, context: ['attachment', 'b'] })).rejects.toMatchObject(
      faults,
    );
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
