import { postgresFault } from '@vouchsafe/database';
import { VaultError, type VaultFault } from '@vouchsafe/vault';
import { UnreadableFactError } from './facts.js';
import { RefusedFactError } from './reaction.js';

/**
 * Whether an error is a transient failure (a lost connection, a deadlock, a full disk, a database that shuts down or became a standby)
 * and not one of the message: then the message is retried and never becomes a dead letter. SQLSTATE classes: Postgres manual,
 * appendix A.
 */
export function isTransientFailure(error: unknown): boolean {
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

/** The vault's faults that a single message can cause; with the others, keys cannot be opened at present. */
const faultsOfValues: ReadonlySet<VaultFault> = new Set([
  'value-malformed',
  'value-does-not-open',
  'key-missing',
]);

/**
 * What is kept of a failure, in clear: its kind and its location in the code, never its message, which may repeat what the fact says
 * about a person, where no erasure would find it (P10).
 */
export function describeFailure(error: unknown): string {
  const sqlState = codesOf(error).find((code) => /^[0-9A-Z]{5}$/.test(code));
  if (sqlState) {
    const constraint = postgresFault(error)?.constraint;
    return `Postgres refused with ${sqlState}${constraint ? ` (${constraint})` : ''}`;
  }
  if (error instanceof UnreadableFactError || error instanceof RefusedFactError)
    return `${error.name}: ${error.because}`;
  if (error instanceof VaultError) return `VaultError: ${error.fault}`;
  if (!(error instanceof Error)) return 'A value that is not an Error was thrown';
  // The class, not its `name`: that may be set to anything.
  const location = locationOf(error);
  return `${error.constructor.name || 'Error'}${location ? ` at ${location}` : ''}`;
}

/** File and line of the first frame that is ours. Frames come after the message, which may have lines that look like one. */
function locationOf({ message, stack = '' }: Error): string | undefined {
  const begin = stack.indexOf(message);
  if (begin < 0) return undefined;
  const frames = stack.slice(begin + message.length).split('\n');
  const ours = frames.find((frame) => /^ {4}at /.test(frame) && !/node_modules|node:/.test(frame));
  return /([\w.-]+\.[jt]s:\d+):\d+\)?$/.exec(ours ?? '')?.[1];
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
