/** Bytes that grow at the end. Whoever writes has reserved the room: a check for each piece costs more than the pieces. */
export type Bytes = { buffer: Buffer; length: number };

export function emptyBytes(room = 4096): Bytes {
  return { buffer: Buffer.allocUnsafe(room), length: 0 };
}

/** Makes room for this many bytes more. */
export function reserve(bytes: Bytes, more: number): void {
  const needed = bytes.length + more;
  if (needed <= bytes.buffer.length) return;
  const larger = Buffer.allocUnsafe(Math.max(needed, bytes.buffer.length * 2));
  larger.set(bytes.buffer.subarray(0, bytes.length));
  bytes.buffer = larger;
}

export function writeByte(to: Bytes, byte: number): void {
  to.buffer[to.length++] = byte;
}

/** Below this a loop is faster than a call out of JavaScript. */
const WORTH_A_CALL = 48;

/** Copies a part of other bytes. */
export function writeSpan(to: Bytes, from: Buffer, start: number, end: number): void {
  if (end - start >= WORTH_A_CALL) {
    from.copy(to.buffer, to.length, start, end);
    to.length += end - start;
    return;
  }
  const { buffer } = to;
  let at = to.length;
  for (let i = start; i < end; i++) buffer[at++] = from[i] ?? 0;
  to.length = at;
}

export function writeAll(to: Bytes, from: Buffer): void {
  writeSpan(to, from, 0, from.length);
}

/** As UTF-8; up to three bytes a character. */
export function writeText(to: Bytes, text: string): void {
  to.length += to.buffer.write(text, to.length);
}
