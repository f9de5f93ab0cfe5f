import { postgresFault } from '@vouchsafe/database';
import { VaultError, type VaultFault } from '@vouchsafe/vault';
import { z } from 'zod';

/**
 * Whether an error tells of a broken machine (a lost connection, a deadlock, a full disk, a database that shuts down or became
 * a standby) rather than of the message: then nothing is parked and the same is tried again. SQLSTATE classes: Postgres manual,
 * appendix A.
 */
export function isMachineFault(error: unknown): boolean {
  if (error instanceof VaultError) return !faultsOfValues.has(error.fault);
  // pg gives these two no code.
  if (
    error instanceof Error &&
    /^Connection terminated|timeout exceeded when trying to connect/.test(error.message)
  )
    return true;
  return codesOf(error).some(
    (code) => /^(08|40|53|57|58)[0-9A-Z]{3}$|^25006$|^55P03$/.test(code) || networkFaults.has(code),
  );
}

/** Of the vault's faults those that a single message can bring about; the others tell of keys that nobody can open now. */
const faultsOfValues: ReadonlySet<VaultFault> = new Set([
  'value-malformed',
  'value-does-not-open',
  'key-missing',
]);

/** What is kept of a failure. Of a database's refusal only the code: its text repeats values. */
export function describeFailure(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`).join('; ');
  }
  const sqlState = codesOf(error).find((code) => /^[0-9A-Z]{5}$/.test(code));
  if (sqlState) {
    const constraint = postgresFault(error)?.constraint;
    return `Postgres refused with ${sqlState}${constraint ? ` (${constraint})` : ''}`;
  }
  if (error instanceof Error) return `${error.name}: ${error.message}`.slice(0, 2_000);
  return 'A value that is no error was thrown';
}

const networkFaults = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** Error codes through the wrapping of ORM and HTTP client. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (
    let cause = error;
    typeof cause === 'object' && cause !== null;
    cause = (cause as { cause?: unknown }).cause
  ) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string') codes.push(code);
  }
  return codes;
}
