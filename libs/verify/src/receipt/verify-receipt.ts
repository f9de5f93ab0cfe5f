/** @promise P10 checks offline what the receipt of a person's erasure says, and who signed it */
import { canonicalJson, type VerifierKey } from '@vouchsafe/transparency-log';
import type { ByteSource } from '../container/zip.js';
import { check, quote, refusalOf, type Refusal } from '../problem.js';
import { checkSignature, readDocument } from '../signed-document.js';
import { RECEIPT, type Receipt } from './receipt.js';

export type ReceiptVerification =
  | {
      readonly status: 'holds' | 'holds-by-its-own-keys';
      readonly receipt: Receipt;
      readonly signer: string;
    }
  | Refusal;

const FILE = RECEIPT.name;
/** The key that signs receipts, and certificates of deletion: `<operator>/certificates`. */
const SIGNER = /^[^\s+]+\/certificates$/;

/**
 * Checks a receipt, whose form docs/formats.md describes, against `given` keys alone, where they are given. Answers with the first thing that
 * does not hold.
 */
export function verifyReceipt(
  source: ByteSource,
  given: readonly VerifierKey[] | undefined,
): ReceiptVerification {
  try {
    const document = readDocument(source, RECEIPT);
    const { content: receipt, signer } = document;
    check(SIGNER.test(signer), FILE, `${quote(signer)} is no key that signs receipts`);
    if (given) checkSignature(document, RECEIPT, signer, given);
    checkFacts(receipt);
    return { status: given ? 'holds' : 'holds-by-its-own-keys', receipt, signer };
  } catch (error) {
    return refusalOf(error);
  }
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
