/** @promise P09, P31 seals content that is too long for memory, so that it opens whole, in order and to its very end, or not at all */
import { type KeyObject } from 'node:crypto';
import { Transform } from 'node:stream';
import { associatedData, decrypt, encrypt, NONCE_BYTES, TAG_BYTES } from './aead.js';
import type { Context } from './scope.js';
import { storedNames } from './stored-names.js';
import { VaultError } from './vault-error.js';

/*
 * The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance,
 * section 7): chunks of equal length, each AES-256-GCM under a key of this content alone, bound to its place and to whether it is the last.
 * A chunk that is moved, left out, repeated or of another content does not open, and neither does content that was cut off at the end of a
 * chunk. Chunks are of one length, so a part is read without what comes before it.
 */

/** Bytes of content in each chunk but the last, which has fewer only if the content ends there; empty content is one empty chunk. */
export const CHUNK_BYTES = 65_536;
const SEALED_CHUNK_BYTES = NONCE_BYTES + CHUNK_BYTES + TAG_BYTES;

/** From the first to the last byte, both of them included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Clear content in, sealed content out. The key must be of this content alone (`Vault.newStreamKey`). */
export function sealingStream(key: KeyObject, context: Context): Transform {
  let index = 0;
  const chunks = new Chunks(CHUNK_BYTES);
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      // The last chunk waits for the end: it is sealed as such.
      for (const chunk of chunks.take(bytes, 1))
        this.push(encrypt(key, placeOf(context, index++, false), chunk));
      done();
    },
    flush(done) {
      this.push(encrypt(key, placeOf(context, index, true), chunks.rest()));
      done();
    },
  });
}

/** Where the chunks lie, in the sealed content, that hold a part of content of `size` bytes. */
export function sealedRange(size: number, { start, end }: ByteRange): ByteRange {
  const last = Math.floor(Math.max(end, 0) / CHUNK_BYTES);
  return {
    start: Math.floor(start / CHUNK_BYTES) * SEALED_CHUNK_BYTES,
    end: Math.min((last + 1) * SEALED_CHUNK_BYTES, sealedLength(size)) - 1,
  };
}

export function sealedLength(size: number): number {
  return size + (lastChunkOf(size) + 1) * (NONCE_BYTES + TAG_BYTES);
}

/**
 * The sealed content of `sealedRange` in, that part of the clear content out, each byte once its chunk was found genuine. The stream fails
 * with a VaultError `value-does-not-open` where a chunk is not what was sealed there, or is missing.
 * @param size bytes of the whole content
 */
export function openingStream(
  key: KeyObject,
  context: Context,
  size: number,
  { start, end }: ByteRange,
): Transform {
  const last = lastChunkOf(size);
  const [first, beyond] = [Math.floor(start / CHUNK_BYTES), Math.floor(Math.max(end, 0) / CHUNK_BYTES)];
  let index = first;
  const chunks = new Chunks(SEALED_CHUNK_BYTES);
  const open = (sealed: Buffer): Buffer => {
    const clear = index <= beyond && decrypt(key, placeOf(context, index, index === last), sealed);
    const lengthHere = index === last ? size - last * CHUNK_BYTES : CHUNK_BYTES;
    if (!clear || clear.length !== lengthHere)
      throw new VaultError(
        'value-does-not-open',
        `Chunk ${index} of sealed content does not open where it stands`,
      );
    const offset = index * CHUNK_BYTES;
    index += 1;
    return clear.subarray(Math.max(start - offset, 0), Math.max(end + 1 - offset, 0));
  };
  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      try {
        for (const chunk of chunks.take(bytes, 0)) this.push(open(chunk));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        const rest = chunks.rest();
        if (rest.length > 0) this.push(open(rest));
        if (index <= beyond)
          throw new VaultError('value-does-not-open', `Sealed content ends before its chunk ${index}`);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

function lastChunkOf(size: number): number {
  return Math.max(Math.ceil(size / CHUNK_BYTES) - 1, 0);
}

function placeOf(context: Context, index: number, isLast: boolean): Buffer {
  return associatedData([storedNames.stream, String(index), isLast ? 'last' : 'more', ...context]);
}

/** Cuts what arrives into pieces of one length. */
class Chunks {
  private kept: Buffer[] = [];
  private bytes = 0;

  constructor(private readonly length: number) {}

  /** @param atLeast bytes that stay behind */
  *take(bytes: Buffer, atLeast: number): Iterable<Buffer> {
    this.kept.push(bytes);
    this.bytes += bytes.length;
    if (this.bytes < this.length + atLeast) return;
    const all = this.rest();
    let at = 0;
    for (; all.length - at >= this.length + atLeast; at += this.length)
      yield all.subarray(at, at + this.length);
    this.kept = [all.subarray(at)];
    this.bytes = all.length - at;
  }

  rest(): Buffer {
    const all = Buffer.concat(this.kept);
    this.kept = [];
    this.bytes = 0;
    return all;
  }
}
