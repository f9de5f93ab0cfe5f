import { isInstant } from '../instant.js';
import {
  count,
  listOf,
  mapOf,
  matching,
  nullable,
  object,
  oneOf,
  pair,
  printable,
  text,
  type Shaped,
} from './shape.js';

/** Version 1 of manifest.json, as docs/formats.md describes it. Frozen: bundles of this version are in other hands. */

const HASH = /^[A-Za-z0-9+/]{43}=$/;

const log = object({
  id: printable,
  /** `<name of the operator>/<id>`. */
  origin: printable,
  /** The tree that all proofs of this log lead to: what `log/checkpoint` signs. `root` is base64. */
  size: count,
  root: matching(HASH),
  /** First and last index of what is here, expired entries included; null where there is nothing of this log. */
  first: nullable(count),
  last: nullable(count),
  entries: count,
  disclosures: count,
  /** Ranges of indices, first and last included: entries that were dropped at the end of their retention (P04) ... */
  expired: listOf(pair(count)),
  /** ... of which personal values were erased (P10) ... */
  erased: listOf(pair(count)),
  /** ... and that are under a legal hold. */
  held: listOf(pair(count)),
  /** Sizes of the trees that earlier-checkpoints/ has. */
  earlierCheckpoints: listOf(count),
  /** Where this log continues one that was closed after a failover: that log's closing checkpoint. */
  predecessor: nullable(object({ id: printable, size: count, root: matching(HASH) })),
});

export const manifestV1 = object({
  format: oneOf('vouchsafe-forensic-bundle'),
  version: oneOf(1),
  exportId: printable,
  createdAt: isInstant,
  /** Null for the operator's own log. */
  organizationId: nullable(printable),
  /** By the time of recording, `from` included, `to` not. */
  range: object({ from: isInstant, to: isInstant }),
  filter: mapOf(text),
  /** Which personal values were asked to be opened. */
  disclosed: listOf(text),
  claim: oneOf('contiguous', 'inclusion'),
  logs: listOf(log),
  /** Every other file but this one and its note, in the order of their names. */
  files: listOf(object({ name: text, size: count, sha256: matching(/^[0-9a-f]{64}$/) })),
});

export type ManifestV1 = Shaped<typeof manifestV1>;

/** What manifest.note signs. `sha256`: of the bytes of manifest.json, in hex. */
export function noteTextV1(sha256: string): string {
  return `vouchsafe forensic bundle v1\nmanifest.json sha256 ${sha256}\n`;
}
