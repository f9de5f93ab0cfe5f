import { canonicalJson } from '@vouchsafe/transparency-log';
import { isFineInstant, isInstant } from './instant.js';
import { compareNames, isLogId, isMemberName } from './names.js';
import { areRanges } from './ranges.js';
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

const BASE64_HASH = /^[A-Za-z0-9+/]{43}=$/;

const manifestLog = object({
  id: printable,
  /** `<name of the operator>/<id>`: a folder's name is the log's that its checkpoint was signed for. */
  origin: printable,
  /** The tree that all proofs of this log lead to: what `log/checkpoint` signs. `root` is base64. */
  size: count,
  root: matching(BASE64_HASH),
  /** First and last index of what is here, expired entries included; null where there is nothing of this log. */
  first: nullable(count),
  last: nullable(count),
  entries: count,
  disclosures: count,
  /**
   * Dropped at the end of their retention (P04): their hashes stay in the tiles, so all else still verifies. This and the
   * next two are the exporter's word: no proof tells an entry that expired from one that was withheld.
   */
  expired: listOf(pair(count)),
  /** Entries of which personal values were erased (P10): the digests stay in the leaf, unopened. */
  erased: listOf(pair(count)),
  /** Entries under a legal hold. */
  held: listOf(pair(count)),
  earlierCheckpoints: listOf(count),
  /** Where this log continues one that was closed after a failover: that log's closing checkpoint. */
  predecessor: nullable(object({ id: printable, size: count, root: matching(BASE64_HASH) })),
});

const manifest = object({
  format: oneOf('vouchsafe-forensic-bundle'),
  version: oneOf(2),
  /** Versions of the files that are drawn from the entries. */
  formats: object({ csv: oneOf(2), ocsf: oneOf(2) }),
  exportId: printable,
  createdAt: isInstant,
  /** Null for the operator's own log. */
  organizationId: nullable(printable),
  /** The time that was asked for, `from` included, `to` not: see `claim`. */
  asked: object({ from: isFineInstant, to: isFineInstant }),
  /** What was recorded before this is under the checkpoints here: later entries were not looked at. */
  coveredUntil: isInstant,
  /** When what is here was recorded: `from` is the time of the first entry, `to` is a millisecond after the last. */
  range: object({ from: isInstant, to: isInstant }),
  /** As it was asked for; empty where the range is unfiltered, as it is for `contiguous`. */
  filter: mapOf(text),
  /** Which personal values were asked to be opened, as field paths (docs/formats.md). */
  disclosed: listOf(text),
  /**
   * `contiguous`: every entry of the logs from first to last is in the bundle, or named as expired: nothing between them
   * was left out. That no entry before the first or after the last occurred or was recorded in the time asked for is the
   * exporter's word. `inclusion`: every entry in the bundle was logged; others may have been too. They occurred in the time
   * asked for.
   */
  claim: oneOf('contiguous', 'inclusion'),
  logs: listOf(manifestLog),
  /** Every other file but this one and its note, in the order of their names. */
  files: listOf(object({ name: text, size: count, sha256: matching(/^[0-9a-f]{64}$/) })),
});

export type Manifest = Shaped<typeof manifest>;
export type ManifestLog = Shaped<typeof manifestLog>;
export type Claim = Manifest['claim'];

/** The one form of a manifest's bytes: names sorted, indented by two, a newline at the end. */
export function formatManifest(value: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(JSON.parse(canonicalJson(value)), null, 2)}\n`);
}

/** Why a manifest would be refused; undefined where it is good. */
export function faultInManifest(value: Manifest): string | undefined {
  if (!manifest(value)) return 'it does not have the members of a manifest, each of its type';
  return contradictionIn(value);
}

/**
 * The text that `manifest.note` signs. Its first line keeps it apart from a checkpoint, whatever key signs it.
 * `sha256`: of the bytes of manifest.json, in hex.
 */
export function manifestNoteText(sha256: string): string {
  return `vouchsafe forensic bundle v2\nmanifest.json sha256 ${sha256}\n`;
}

function contradictionIn(manifest: Manifest): string | undefined {
  const { logs, files, range, claim, filter, disclosed } = manifest;
  if (range.from > range.to) return 'its range ends before it starts';
  if (claim === 'contiguous' && Object.keys(filter).length > 0)
    return 'it claims a contiguous range, and names a filter';
  if (disclosed.length === 0 && logs.some((log) => log.disclosures > 0))
    return 'it opens values, and says that none were asked for';
  if (logs.length === 0) return 'it names no log';
  if (!ascending(logs.map((log) => log.id))) return 'its logs are not in the order of their ids';
  if (!ascending(files.map((file) => file.name))) return 'its files are not in the order of their names';
  const badName = files.find((file) => !isMemberName(file.name));
  if (badName) return `it names a file ${JSON.stringify(badName.name)}`;
  for (const log of logs) {
    const problem = contradictionInLog(log);
    if (problem) return `log ${JSON.stringify(log.id)}: ${problem}`;
  }
  return undefined;
}

function contradictionInLog(log: ManifestLog): string | undefined {
  const { first, last, size, expired, erased, held, earlierCheckpoints } = log;
  if (!isLogId(log.id)) return 'its id cannot be the name of a folder';
  if (!isOriginOf(log)) return 'its origin does not end in its id';
  if ((first === null) !== (last === null)) return 'it has a first or a last index, but not both';
  if (first !== null && last !== null && (first > last || last >= size))
    return 'its range is not in its tree';
  if (first === null && log.entries > 0) return 'it has entries and no range';
  const bounds = [first ?? 0, last ?? -1] as const;
  if (![expired, erased, held].every((ranges) => areRanges(ranges, ...bounds))) {
    return 'what is expired, erased or held is not in order or not in its range';
  }
  if (earlierCheckpoints.some((n, i) => n > size || n <= (earlierCheckpoints[i - 1] ?? -1))) {
    return 'its earlier checkpoints are not in order or not earlier';
  }
  return undefined;
}

/** `<operator>/<id>`: origins are thus as distinct as ids, and the manifest's key has its name from the operator. */
function isOriginOf({ id, origin }: ManifestLog): boolean {
  return origin.endsWith(`/${id}`) && origin.length > id.length + 1;
}

function ascending(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || compareNames(names[i - 1] ?? '', name) < 0);
}
