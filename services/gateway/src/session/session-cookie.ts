/** @promise P26 (main) encrypts the session's id for the browser */
import { createDecipheriv } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';
import { CompactEncrypt } from 'jose';
import { z } from 'zod';
import type { SessionKeys } from './session-keys.js';

/** `__Host-`: the browser takes it from this host alone, over TLS alone, for all paths (RFC 6265bis section 4.1.3.2). */
const SESSION_COOKIE = '__Host-vouchsafe-session';

const COOKIE = { name: SESSION_COOKIE, path: '/', httpOnly: true, secure: true, sameSite: 'lax' } as const;

/** Encrypts a session's id for the browser (P26): what a stolen disk or log holds is of no use without our key. */
export async function sessionCookie(
  keys: SessionKeys,
  sessionId: string,
  expires: Date | null,
): Promise<string> {
  const value = await new CompactEncrypt(Buffer.from(sessionId))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keys.newest.id })
    .encrypt(keys.newest.key);
  return stringifySetCookie({ ...COOKIE, value, ...(expires && { expires }) });
}

export function endedSessionCookie(): string {
  return stringifySetCookie({ ...COOKIE, value: '', maxAge: 0 });
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

/** The session cookie's value in a Cookie header; undefined where there is none. */
export function sessionIn(header: string | undefined): string | undefined {
  return header === undefined ? undefined : parseCookie(header)[SESSION_COOKIE];
}

/** What identity says in its answer to a log-in: `<session id>`, with `; expires=<date>` where the cookie should last. */
export function readSessionHeader(header: string): { sessionId: string; expires: Date | null } | null {
  const [, sessionId, date] = /^([A-Za-z0-9_-]{43,100})(?:; *expires=(.+))?$/i.exec(header) ?? [];
  if (sessionId === undefined) return null;
  const expires = date === undefined ? null : new Date(date);
  return expires && Number.isNaN(expires.getTime()) ? null : { sessionId, expires };
}
