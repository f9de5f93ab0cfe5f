/** A type and a subtype (RFC 6838, section 4.2), and nothing after them. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/;
const ANY = 'application/octet-stream';

/** The type that a client declared, without its parameters; `application/octet-stream` where it is none. */
export function declaredType(header: string | null): string {
  const [type = ''] = (header ?? '').split(';', 1);
  const plain = type.trim().toLowerCase();
  return MEDIA_TYPE.test(plain) ? plain : ANY;
}
