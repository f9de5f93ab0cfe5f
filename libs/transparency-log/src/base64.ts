/** Standard Base 64 (RFC 4648 section 4), strictly: the one encoding of its bytes, or undefined. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Base 64 for URLs without padding (RFC 4648 section 5), strictly: the one encoding of its bytes, or undefined. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** Base 64 for URLs without padding (RFC 4648 section 5), strictly, to a place which has room for as many bytes as characters; the end of what it wrote, or -1. */
export function decodeBase64urlInto(text: string, target: Uint8Array, at: number): number {
  let end = at;
  let bits = 0;
  let rest = 0;
  for (let i = 0; i < text.length; i++) {
    const six = SIX_BITS[text.charCodeAt(i)] ?? INVALID;
    if (six === INVALID) return -1;
    rest = (rest << 6) | six;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    target[end++] = rest >> bits;
    rest &= (1 << bits) - 1;
  }
  // One character alone says nothing, and what is left over is zero: else there would be two texts of the same bytes.
  return bits === 6 || rest !== 0 ? -1 : end;
}

/** How many bytes such a text stands for, given as ASCII; -1 where it is not the one encoding of them. */
export function sizeOfBase64url(bytes: Uint8Array, start: number, end: number): number {
  let six = 0;
  for (let i = start; i < end; i++) {
    six = SIX_BITS[bytes[i] ?? 0] ?? INVALID;
    if (six === INVALID) return -1;
  }
  const over = (end - start) % 4;
  const isOnly = over === 0 || (over === 2 ? (six & 0b1111) === 0 : over === 3 && (six & 0b11) === 0);
  return isOnly ? Math.floor(((end - start) * 3) / 4) : -1;
}

const INVALID = 64;
const SIX_BITS = new Uint8Array(128).fill(INVALID);
for (const [six, letter] of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
).entries()) {
  SIX_BITS[letter] = six;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** UTF-8, strictly (no replacement characters, a byte order mark stays), or undefined. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  // What is no UTF-8 shows as U+FFFD, which well-formed text may hold as well.
  if (!text.includes('\ufffd')) return text;
  return Buffer.from(text).equals(bytes) ? text : undefined;
}
