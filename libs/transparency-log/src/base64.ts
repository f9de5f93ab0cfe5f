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
