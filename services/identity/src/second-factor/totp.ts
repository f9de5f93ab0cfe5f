import { generateSecret, generateURI, verifySync } from 'otplib';
import { z } from 'zod';

/** What every authenticator app supports, and otplib's defaults: SHA-1, steps of 30 seconds, 6 digits (RFC 6238 section 4). */
const STEP_SECONDS = 30;

/** A code as it comes in. */
export const givenTotp = z
  .strictObject({
    totp: z
      .string()
      .regex(/^[0-9]{6}$/, 'must be six digits')
      .describe('The code that the authenticator app shows'),
  })
  .meta({ id: 'GivenTotp', examples: [{ totp: '123456' }] });

/** 160 bits, the length of SHA-1's output (RFC 4226 section 4, requirement 6), in base32. */
export function newTotpSecret(): string {
  return generateSecret({ length: 20 });
}

/**
 * The time step whose code this is, one step early or late at most, for clocks that differ and people who type slowly (RFC 6238
 * section 5.2); null where it is none's. The caller takes a step only once, by an atomic update ("the verifier MUST NOT accept
 * the second attempt").
 */
export function matchingStep(secret: string, code: string, at: Date): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const epoch = Math.floor(at.getTime() / 1000);
  const result = verifySync({ secret, token: code, epoch, epochTolerance: STEP_SECONDS });
  return result.valid && 'timeStep' in result ? result.timeStep : null;
}

/** The key URI that authenticator apps read from a QR code. */
export function otpauthUri(secret: string, issuer: string, account: string): string {
  return generateURI({ secret, issuer, label: account });
}
