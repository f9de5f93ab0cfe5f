import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Seconds of a time step and digits of a code: what every authenticator app supports (RFC 6238 section 4). */
export const STEP_SECONDS = 30;
const DIGITS = 6;

/** One step back and one ahead, for clocks that differ and people who type slowly (RFC 6238 section 5.2). */
const WINDOW = 1;

/** 160 bits, the length of SHA-1's output (RFC 4226 section 4, requirement 6), in base32. */
export function newTotpSecret(): string {
  return base32(randomBytes(20));
}

/**
 * The time step whose code this is, newest first, or null. The caller takes a step only once, by an atomic update
 * (RFC 6238 section 5.2: "the verifier MUST NOT accept the second attempt").
 */
export function matchingStep(secret: string, code: string, at: Date): number | null {
  const now = stepAt(at);
  let found: number | null = null;
  // Every step of the window is compared, so that the time says nothing about which one matched.
  for (let step = now - WINDOW; step <= now + WINDOW; step += 1) {
    if (sameText(codeOf(secret, step), code)) found = step;
  }
  return found;
}

export function stepAt(at: Date): number {
  return Math.floor(at.getTime() / 1000 / STEP_SECONDS);
}

/** HOTP with the time step as its counter (RFC 4226 section 5.3). */
export function codeOf(secret: string, step: number, digits: number = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  const truncated = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
}

/** The key URI that authenticator apps read from a QR code. */
export function otpauthUri(secret: string, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const parameters = new URLSearchParams({ secret, issuer, algorithm: 'SHA1', digits: String(DIGITS) });
  return `otpauth://totp/${label}?${parameters.toString()}&period=${STEP_SECONDS}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 section 6, without padding. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => ALPHABET.charAt(parseInt(group.padEnd(5, '0'), 2))).join('');
}

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => parseInt(byte, 2)));
}

function sameText(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
