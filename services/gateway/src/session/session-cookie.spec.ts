/** @promise P26 a cookie that we did not encrypt opens nothing */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { readSessionHeader, sessionCookie, sessionIdOf, sessionIn } from './session-cookie.js';
import { SessionKeys } from './session-keys.js';

describe('the session cookie (P26)', () => {
  const [older, newer] = [
    { id: 'older', key: randomBytes(32) },
    { id: 'newer', key: randomBytes(32) },
  ];
  const keys = new SessionKeys(newer, [older]);
  const session = 'A'.repeat(43);
  const valueOf = (cookie: string) => sessionIn(cookie.split(';')[0]) ?? '';

  it('is a JWE of A256GCM that jose opens, and that we open', async () => {
    const value = valueOf(await sessionCookie(keys, session, null));
    const { plaintext, protectedHeader } = await compactDecrypt(value, newer.key);
    expect(Buffer.from(plaintext).toString()).toBe(session);
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', kid: 'newer' });
    expect(sessionIdOf(keys, value)).toBe(session);
  });

  it('opens under an older key until that is taken away', async () => {
    const value = valueOf(await sessionCookie(new SessionKeys(older, []), session, null));
    expect(sessionIdOf(keys, value)).toBe(session);
    expect(sessionIdOf(new SessionKeys(newer, []), value)).toBeNull();
  });

  it('does not open when any part of it is changed, cut or added to', async () => {
    const value = valueOf(await sessionCookie(keys, session, null));
    for (let at = 0; at < value.length; at += 1) {
      const other = value[at] === 'B' ? 'C' : 'B';
      const changed = value.slice(0, at) + other + value.slice(at + 1);
      // The last character of a part may hold bits that base64url ignores: then nothing was changed.
      if (bytesOf(changed) !== bytesOf(value)) expect(sessionIdOf(keys, changed)).toBeNull();
    }
    expect(sessionIdOf(keys, `${value}.`)).toBeNull();
    expect(sessionIdOf(keys, value.slice(0, -4))).toBeNull();
    expect(sessionIdOf(keys, '')).toBeNull();
  });

  it('does not choose its algorithm (ASVS 9.1.2)', async () => {
    const other = await new CompactEncrypt(Buffer.from(session))
      .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: 'newer' })
      .encrypt(newer.key);
    expect(sessionIdOf(keys, other)).toBeNull();
  });

  it('lasts as long as identity says', async () => {
    const expires = new Date('2026-12-01T00:00:00Z');
    expect(await sessionCookie(keys, session, expires)).toContain('; Expires=Tue, 01 Dec 2026 00:00:00 GMT;');
    expect(readSessionHeader(`${session}; expires=2026-12-01T00:00:00Z`)).toEqual({
      sessionId: session,
      expires,
    });
    expect(readSessionHeader(session)).toEqual({ sessionId: session, expires: null });
    expect(readSessionHeader('short')).toBeNull();
    expect(readSessionHeader(`${session}; expires=never`)).toBeNull();
  });

  it('is found among others, the first where there are two, and nowhere else', () => {
    expect(sessionIn(`a=1; __Host-vouchsafe-session=x.y; b=2; __Host-vouchsafe-session=z`)).toBe('x.y');
    expect(sessionIn('a=__Host-vouchsafe-session=x.y; __host-vouchsafe-session=x.y')).toBeUndefined();
    expect(sessionIn(undefined)).toBeUndefined();
  });
});

function bytesOf(value: string): string {
  return value
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('hex'))
    .join('.');
}
