import { canonicalJson } from '@vouchsafe/transparency-log';
import { parsedJson } from '../certificate/certificate.js';
import { isInstant } from '../instant.js';
import { count, listOf, matching, object, oneOf, printable, type Shaped } from '../manifest/shape.js';
import { check, newerVersion, Unreadable } from '../problem.js';

/** First line of what a receipt's note says; its version ends it. */
const TITLE = /^vouchsafe erasure receipt v([1-9]\d{0,3})$/;

/** What stays at others because it must be kept, on which ground and until when. */
const retained = object({ what: printable, ground: printable, until: matching(/^\d{4}-\d\d-\d\d$/) });

const service = object({
  service: printable,
  keysDestroyed: count,
  destroyedAt: isInstant,
  /** From then on no process held an opened key. */
  effectiveFrom: isInstant,
  retained: listOf(retained),
});

/** Version 1 of a receipt, as docs/formats.md describes it. */
const receipt = object({
  format: oneOf('vouchsafe-erasure-receipt'),
  version: oneOf(1),
  dataRequestId: printable,
  organizationId: printable,
  userId: printable,
  erasureId: printable,
  /** SHA-256 of the preview that was approved. */
  previewHash: matching(/^[0-9a-f]{64}$/),
  receivedAt: isInstant,
  fulfilledAt: isInstant,
  issuedAt: isInstant,
  services: listOf(service),
  /** What stays, of all services. */
  exceptions: listOf(retained),
});
export type Receipt = Shaped<typeof receipt>;

/** Reads what the note of a receipt says: a title, and the receipt as canonical JSON in one line. */
export function readReceipt(noteText: string, file: string): Receipt {
  const [title = '', json = '', ...more] = noteText.split('\n');
  const version = TITLE.exec(title)?.[1];
  if (version === undefined) throw new Unreadable('it is not an erasure receipt');
  if (version !== '1') throw newerVersion('the receipt', Number(version));
  check(more.join() === '', file, 'it has more than a title and one line');
  const value = parsedJson(json);
  check(value !== undefined && canonicalJson(value) === json, file, 'its line is not canonical JSON', 2);
  check(receipt(value), file, 'it does not have the members of a receipt of version 1', 2);
  return value;
}
