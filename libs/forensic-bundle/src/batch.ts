/** Text and bytes on their way into a file, one behind the other; the room is used again for the next batch. */
export type Batch = { buffer: Buffer; length: number };

export function emptyBatch(): Batch {
  return { buffer: Buffer.allocUnsafe(4096), length: 0 };
}

export function appendText(batch: Batch, text: string): void {
  // UTF-8 takes three bytes for a UTF-16 code unit, at most.
  makeRoom(batch, text.length * 3);
  batch.length += batch.buffer.write(text, batch.length);
}

export function appendBytes(batch: Batch, bytes: Uint8Array): void {
  makeRoom(batch, bytes.length);
  batch.buffer.set(bytes, batch.length);
  batch.length += bytes.length;
}

function makeRoom(batch: Batch, more: number): void {
  const needed = batch.length + more;
  if (needed <= batch.buffer.length) return;
  const larger = Buffer.allocUnsafe(Math.max(needed, batch.buffer.length * 2));
  larger.set(batch.buffer.subarray(0, batch.length));
  batch.buffer = larger;
}
