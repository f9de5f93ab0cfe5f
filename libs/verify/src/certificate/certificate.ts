import { isInstant } from '../instant.js';
import {
  count,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
  printable,
  text,
  type Shaped,
} from '../manifest/shape.js';
import type { DocumentKind } from '../signed-document.js';

const day = matching(/^\d{4}-\d\d-\d\d$/);

const store = object({
  store: printable,
  found: count,
  left: count,
  method: oneOf('deleted', 'key-destroyed'),
});

const service = object({
  service: printable,
  stores: listOf(store),
  keysDestroyed: count,
  destroyedAt: isInstant,
  /** From then on no process held an opened key. */
  effectiveFrom: isInstant,
  /** What stays inside the service, and why. */
  kept: listOf(object({ store: printable, because: printable })),
  /** What stays at others because it must be kept, on which ground and until when. */
  retained: listOf(object({ what: printable, ground: printable, until: day })),
});

/** One entry of the operator's log: its leaf in base64, and a c2sp.org/tlog-proof of it. */
const proof = object({ leaf: text, proof: text });

/** Version 1 of a certificate, as docs/formats.md describes it. */
const certificate = object({
  format: oneOf('vouchsafe-deletion-certificate'),
  version: oneOf(1),
  organizationId: printable,
  erasureId: printable,
  issuedAt: isInstant,
  /** How the organization ended. `endedAt` is T0, from which all periods count. */
  end: object({ cause: printable, endedAt: isInstant, noticedAt: nullable(isInstant) }),
  deadlines: object({ productionErasedBy: isInstant, backupsExpiredBy: isInstant }),
  production: object({ erasedAt: isInstant, services: listOf(service) }),
  backups: object({
    keptDays: count,
    intervalDays: count,
    /** From then on every backup was recorded. */
    recordsFrom: isInstant,
    expiredAt: isInstant,
    /** The last backup that held anything of it; null where none was ever made. */
    last: nullable(object({ startedAt: isInstant, removedAt: isInstant })),
  }),
  /** What was not as it should be: a deadline that was missed. */
  exceptions: listOf(oneOf('production-late', 'backups-late')),
  /** Legal holds that stood in the way of the deletion. */
  holds: listOf(object({ holdId: printable, placedAt: isInstant, releasedAt: isInstant })),
  /** The operator's log, and its verifier key; more than one where a successor was opened meanwhile. */
  logs: listOf(object({ origin: printable, vkey: printable })),
  proofs: listOf(proof),
});
export type Certificate = Shaped<typeof certificate>;

export const CERTIFICATE: DocumentKind<Certificate> = {
  name: 'certificate',
  title: 'vouchsafe deletion certificate',
  mostBytes: 1024 * 1024,
  shape: certificate,
};
