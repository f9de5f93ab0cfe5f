import { CompactEncrypt, compactDecrypt } from 'jose';
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

/** @returns the session's id; null for anything that we did not encrypt */
export async function sessionIdOf(keys: SessionKeys, cookieValue: string): Promise<string | null> {
  if (cookieValue.length > 2000) return null;
  try {
    const { plaintext } = await compactDecrypt(
      cookieValue,
      ({ kid }) => {
        const found = kid === undefined ? undefined : keys.byId.get(kid);
        if (!found) throw new Error('An unknown key');
        return found.key;
      },
      // Pinned: the cookie does not choose its algorithms (ASVS 9.1.2).
      { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
    );
    return new TextDecoder().decode(plaintext);
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
