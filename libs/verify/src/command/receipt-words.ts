import { quote, type Refusal } from '../problem.js';
import type { ReceiptVerification } from '../receipt/verify-receipt.js';
import { shown } from './shown.js';

type Holding = Exclude<ReceiptVerification, Refusal>;

/** What the check of a receipt found, for a person to read. */
export function receiptInPlainWords(file: string, { status, receipt, signer }: Holding): string {
  const name = shown(file);
  const verdict =
    status === 'holds'
      ? `${name} HOLDS, against the keys that you gave.\n`
      : `${name} holds ONLY BY ITS OWN WORDS: anyone can make such a file, and its signature was not checked.\n` +
        `Get the operator's key from another source, and give it with --vkey.\n`;
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
  return verdict + facts.map((line) => `- ${line}\n`).join('');
}

/** Words of the receipt, fit for a terminal. */
function quoted(text: string): string {
  return `"${shown(quote(text).slice(1, -1))}"`;
}
