import type { Refusal } from '../problem.js';
import type { ReceiptVerification } from '../receipt/verify-receipt.js';
import { quoted } from './shown.js';
import { verdictInPlainWords } from './verdict-words.js';

type Holding = Exclude<ReceiptVerification, Refusal>;

/** What the check of a receipt found, for a person to read. */
export function receiptInPlainWords(file: string, { status, receipt, signer }: Holding): string {
  const { userId, organizationId, receivedAt, fulfilledAt, issuedAt, services, exceptions } = receipt;
  const keys = services.reduce((sum, service) => sum + service.keysDestroyed, 0);
  const facts = [
    status === 'holds'
      ? `Receipt of ${issuedAt}, signed by ${quoted(signer)}.`
      : `Receipt of ${issuedAt}; it says that ${quoted(signer)} signed it.`,
    `It is about person ${quoted(userId)} in organization ${quoted(organizationId)}.`,
    `The request was received on ${receivedAt} and fulfilled on ${fulfilledAt}.`,
    `${services.length} services destroyed ${keys} keys: ${services.map(({ service }) => quoted(service)).join(', ')}.`,
    ...exceptions.map(
      ({ what, ground, until }) =>
        `What stays, on the ground of ${quoted(ground)} until ${until}: ${quoted(what)}.`,
    ),
    'That nothing else of the person existed is the operator’s word.',
  ];
  return verdictInPlainWords(file, status, 'BY ITS OWN WORDS', facts);
}
