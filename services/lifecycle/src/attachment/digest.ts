/** The digests of HTTP (RFC 9530). */
import { problem } from '@vouchsafe/service-host';

/** A member of a dictionary (RFC 9651, section 3.2) that holds bytes: `sha-256=:<base64>:`. */
const SHA_256 = /(?:^|,)[ \t]*sha-256[ \t]*=[ \t]*:([A-Za-z0-9+/]{43}=):[ \t]*(?:,|$)/;

/**
 * The SHA-256 that the client declares, in hexadecimal digits; null where it declares nothing. Other algorithms beside it are ignored.
 * @throws Problem `invalid-request` where a digest was declared that we cannot check: the client counts on it
 */
export function declaredDigest(headers: Readonly<Record<string, string | undefined>>): string | null {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
  const digests = given.map(({ name, value }) => {
    const base64 = SHA_256.exec(value)?.[1];
    if (base64 === undefined) throw wrong(name, 'must hold a digest of SHA-256, as in sha-256=:<base64>:');
    return Buffer.from(base64, 'base64').toString('hex');
  });
  const [first = null, second = first] = digests;
  if (first !== second) throw wrong('Content-Digest', 'must hold the digest that Repr-Digest holds');
  return first;
}

function wrong(name: string, detail: string) {
  return problem('invalid-request', { errors: [{ pointer: `header.${name}`, detail }] });
}

export function digestOf(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
}
