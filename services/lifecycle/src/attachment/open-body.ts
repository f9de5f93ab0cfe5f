/** @promise P28 gives out a sealed body, or a range of it: only bytes that were found genuine; where one is not, the stream fails */
import type { KeyObject } from 'node:crypto';
import type { Readable } from 'node:stream';
import { problem } from '@vouchsafe/service-host';
import { type ByteRange, type Context, openingStream, sealedRange } from '@vouchsafe/vault';
import type { BodyId, BodyStore } from './body-store.js';
import { type Asked, rangeOf } from './byte-range.js';

export interface OpenedBody {
  /** In bytes, of the whole. */
  readonly size: number;
  /** Null where all of it was asked for. */
  readonly range: ByteRange | null;
  readonly content: Readable;
}

export async function openBody(
  bodies: BodyStore,
  id: BodyId,
  { key, context, size }: { readonly key: KeyObject; readonly context: Context; readonly size: number },
  asked: Asked,
): Promise<OpenedBody> {
  const range = rangeOf(asked, size);
  if (range === 'unsatisfiable')
    throw problem('range-not-satisfiable', { headers: { 'content-range': `bytes */${size}` } });
  const wanted = range ?? { start: 0, end: size - 1 };
  const sealed = await bodies.read(id, sealedRange(size, wanted));
  // A backup of the database was restored that is older than the deletion of the body.
  if (!sealed) throw problem('gone');
  const content = openingStream(key, context, size, wanted);
  sealed.once('error', (error) => content.destroy(error));
  content.once('close', () => sealed.destroy());
  return { size, range, content: sealed.pipe(content) };
}
