import { isInstant } from '../instant.js';
import { count, listOf, matching, object, oneOf, printable, type Shaped } from '../manifest/shape.js';
import type { DocumentKind } from '../signed-document.js';

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

export const RECEIPT: DocumentKind<Receipt> = {
  name: 'receipt',
  title: 'vouchsafe erasure receipt',
  mostBytes: 256 * 1024,
  shape: receipt,
};
