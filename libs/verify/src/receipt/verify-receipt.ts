/** @promise P10 checks offline what the receipt of a person's erasure says, and who signed it */
import { canonicalJson, openNote, parseNote, type VerifierKey } from '@vouchsafe/transparency-log';
import type { ByteSource } from '../container/zip.js';
import { check, Problem, quote, refusalOf, Unreadable, type Refusal } from '../problem.js';
import { type Receipt, readReceipt } from './receipt.js';

export type ReceiptVerification =
  | {
      readonly status: 'holds' | 'holds-by-its-own-keys';
      readonly receipt: Receipt;
      readonly signer: string;
    }
  | Refusal;

const FILE = 'receipt';
const MOST_BYTES = 256 * 1024;
const START = Buffer.from('vouchsafe erasure receipt ');
/** The key that signs receipts, and certificates of deletion: `<operator>/certificates`. */
const SIGNER = /^[^\s+]+\/certificates$/;

/** Whether a file is meant to be a receipt of an erasure. */
export function isReceipt(source: ByteSource): boolean {
  return source.size >= START.length && START.equals(source.read(0, START.length));
}

/**
 * Checks a receipt, whose form docs/formats.md describes, against `given` keys alone, where they are given. Answers with the first thing that
 * does not hold.
 */
export function verifyReceipt(
  source: ByteSource,
  given: readonly VerifierKey[] | undefined,
): ReceiptVerification {
  try {
    if (source.size > MOST_BYTES) throw new Unreadable('it is larger than a receipt can be');
    const bytes = source.read(0, source.size);
    const note = parseNote(bytes);
    check(note !== undefined, FILE, 'it is not a signed note');
    const [signature, ...others] = note.signatures;
    const isOne = signature !== undefined && others.length === 0;
    check(isOne, FILE, `it has ${note.signatures.length} signatures, and one alone counts`);
    const receipt = readReceipt(note.text, FILE);
    check(SIGNER.test(signature.name), FILE, `${quote(signature.name)} is no key that signs receipts`);
    if (given) checkSignature(bytes, signature.name, given);
    checkFacts(receipt);
    return { status: given ? 'holds' : 'holds-by-its-own-keys', receipt, signer: signature.name };
  } catch (error) {
    return refusalOf(error);
  }
}

function checkSignature(bytes: Uint8Array, name: string, given: readonly VerifierKey[]): void {
  const opened = openNote(
    bytes,
    given.filter((key) => key.name === name),
  );
  if (opened.status === 'opened') return;
  const why =
    opened.status === 'invalid-signature'
      ? `the signature of ${quote(opened.name)} is wrong`
      : `it is not signed by a key of ${quote(name)} that you gave`;
  throw new Problem(FILE, why);
}

/** That every service is named once, that the times follow each other, and that nothing that stays is left out. */
function checkFacts({ services, receivedAt, fulfilledAt, issuedAt, exceptions }: Receipt): void {
  const names = services.map(({ service }) => service);
  check(names.length > 0 && new Set(names).size === names.length, FILE, 'it has no services, or one twice');
  for (const { service, destroyedAt, effectiveFrom } of services) {
    inOrder('the request was received', receivedAt, `${service} destroyed the keys`, destroyedAt);
    inOrder('the keys are destroyed', destroyedAt, 'no process holds them', effectiveFrom);
    inOrder(`${service} has erased`, effectiveFrom, 'the request is fulfilled', fulfilledAt);
  }
  inOrder('the request is fulfilled', fulfilledAt, 'the receipt was issued', issuedAt);
  const stays = services.flatMap(({ retained }) => retained);
  const isComplete = canonicalJson([...stays]) === canonicalJson([...exceptions]);
  check(isComplete, FILE, 'its exceptions are not what its services have kept');
}

function inOrder(first: string, earlier: string, second: string, later: string): void {
  check(Date.parse(earlier) <= Date.parse(later), FILE, `by it ${first} only after ${second}`);
}
