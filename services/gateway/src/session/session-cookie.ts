import { createDecipheriv } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { z } from 'zod';
import type { SessionKeys } from './session-keys.js';

/** `__Host-`: the browser takes it from this host alone, over TLS alone, for all paths (RFC 6265bis section 4.1.3.2). */
export const SESSION_COOKIE = '__Host-vouchsafe-session';

/** Encrypts a session's id for the browser (P26): what a stolen disk or log holds is of no use without our key. */
export async function sessionCookie(
  keys: SessionKeys,
  sessionId: string,
  expires: Date | null,
): Promise<string> {
  const value = await new CompactEncrypt(Buffer.from(sessionId))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keys.newest.id })
    .encrypt(keys.newest.key);
  const lasting = expires ? `; Expires=${expires.toUTCString()}` : '';
  return `${SESSION_COOKIE}=${value}; Path=/${lasting}; HttpOnly; Secure; SameSite=Lax`;
}

export function endedSessionCookie(): string {
  return `${SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;
}

const jweHeader = z.object({ alg: z.literal('dir'), enc: z.literal('A256GCM'), kid: z.string() });

/**
 * Opens a compact JWE (RFC 7516 section 3.1, `dir` with A256GCM) in place: asked at every request, and through WebCrypto the
 * thread pool's round trip costs more than the cipher.
 * @returns the session's id; null for anything that we did not encrypt
 */
export function sessionIdOf(keys: SessionKeys, cookieValue: string): string | null {
  const [protectedHeader = '', wrappedKey, iv = '', ciphertext = '', tag = '', ...more] =
    cookieValue.split('.');
  if (cookieValue.length > 2000 || wrappedKey !== '' || more.length > 0) return null;
  try {
    // Pinned: the cookie does not choose its algorithms (ASVS 9.1.2).
    const { kid } = jweHeader.parse(JSON.parse(Buffer.from(protectedHeader, 'base64url').toString()));
    const key = keys.byId.get(kid);
    if (!key) return null;
    const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.from(iv, 'base64url'), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(protectedHeader, 'ascii'));
    decipher.setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([
      decipher.update(Buffer.from(ciphertext, 'base64url')),
      decipher.final(),
    ]).toString();
  } catch {
    return null;
  }
}

/** The session cookie's value, and what is left of the Cookie header for the services behind. */
export function splitCookies(header: string | undefined): { session: string | null; rest: string | null } {
  if (header === undefined) return { session: null, rest: null };
  const cookies = header.split(/; */);
  const session = cookies.find((cookie) => cookie.startsWith(`${SESSION_COOKIE}=`));
  const rest = cookies.filter((cookie) => cookie !== '' && !cookie.startsWith(`${SESSION_COOKIE}=`));
  return {
    session: session?.slice(SESSION_COOKIE.length + 1) ?? null,
    rest: rest.length > 0 ? rest.join('; ') : null,
  };
}

/** What identity says in its answer to a log-in: `<session id>`, with `; expires=<date>` where the cookie should last. */
export function readSessionHeader(header: string): { sessionId: string; expires: Date | null } | null {
  const [, sessionId, date] = /^([A-Za-z0-9_-]{43,100})(?:; *expires=(.+))?$/i.exec(header) ?? [];
  if (sessionId === undefined) return null;
  const expires = date === undefined ? null : new Date(date);
  return expires && Number.isNaN(expires.getTime()) ? null : { sessionId, expires };
}
