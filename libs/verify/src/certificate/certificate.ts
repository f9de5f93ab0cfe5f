import { canonicalJson, isNestedDeeper, parseJson, type Json } from '@vouchsafe/transparency-log';
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
import { check, newerVersion, Unreadable } from '../problem.js';

/** First line of what a certificate's note says; its version ends it. */
const TITLE = /^vouchsafe deletion certificate v([1-9]\d{0,3})$/;
const LEVELS = 8;

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

/** Reads what the note of a certificate says: a title, and the certificate as canonical JSON in one line. */
export function readCertificate(noteText: string, file: string): Certificate {
  const [title = '', json = '', ...more] = noteText.split('\n');
  const version = TITLE.exec(title)?.[1];
  if (version === undefined) throw new Unreadable('it is not a deletion certificate');
  if (version !== '1') throw newerVersion('the certificate', Number(version));
  check(more.join() === '', file, 'it has more than a title and one line');
  const value = parsedJson(json);
  check(value !== undefined && canonicalJson(value) === json, file, 'its line is not canonical JSON', 2);
  check(certificate(value), file, 'it does not have the members of a certificate of version 1', 2);
  return value;
}

/** Undefined where it is none, or nested deeper than anything here is. */
export function parsedJson(json: string): Json | undefined {
  if (isNestedDeeper(json, LEVELS)) return undefined;
  try {
    return parseJson(json) as Json;
  } catch {
    return undefined;
  }
}
