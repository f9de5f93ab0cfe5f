/** @promise P28 no file is served as a type that a browser runs */

/** A type and a subtype (RFC 6838, section 4.2), and nothing after them. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/;
const ANY = 'application/octet-stream';

/** The type that a client declared, without its parameters; `application/octet-stream` where it is none. */
export function declaredType(header: string | null): string {
  const [type = ''] = (header ?? '').split(';', 1);
  const plain = type.trim().toLowerCase();
  return MEDIA_TYPE.test(plain) ? plain : ANY;
}

/** Types in which no browser finds a script, whatever the bytes are: no HTML, no SVG or other XML, no PDF, no script. */
const safe: ReadonlySet<string> = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/tiff'],
  ...['audio/mpeg', 'audio/ogg', 'audio/wav', 'audio/flac', 'video/mp4', 'video/webm', 'video/ogg'],
  ...['text/plain', 'text/csv', 'application/json', 'application/zip', 'application/gzip'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
]);

/** The type under which a file leaves: the declared one may lie, so only those count that do no harm where they lie. */
export function servedType(declared: string): string {
  return safe.has(declared) ? declared : ANY;
}
