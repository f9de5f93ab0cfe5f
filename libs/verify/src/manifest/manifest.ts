import { canonicalJson, isNestedDeeper, parseJson, type Json } from '@vouchsafe/transparency-log';
import { isLogId, isMemberName } from '../container/names.js';
import { MAX_EARLIER_CHECKPOINTS, MAX_LOGS } from '../limits.js';
import { newerVersion, Unreadable } from '../problem.js';
import { manifestV1, noteTextV1, type ManifestV1 } from './manifest-v1.js';
import { manifestV2, noteTextV2 } from './manifest-v2.js';
import { areRanges } from './ranges.js';

/** What every version of the manifest says. */
export type Manifest = Omit<ManifestV1, 'version'> & {
  readonly version: 1 | 2;
  /** Which version of its format each file is in that is drawn from the entries. */
  readonly formats: { readonly csv: 1 | 2; readonly ocsf: 1 | 2 };
  /** The time that was asked for, and until when all that was recorded was looked at. Version 1 says neither. */
  readonly asked?: { readonly from: string; readonly to: string };
  readonly coveredUntil?: string;
};
export type ManifestLog = Manifest['logs'][number];

/** Reads manifest.json: each version by its own rules. Throws `Unreadable` where it is none, or contradicts itself. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const value = readJson(bytes);
  const manifest = ofKnownVersion(value);
  // The one form of its bytes: names sorted, indented by two, a newline at the end.
  if (!Buffer.from(`${JSON.stringify(sorted(value), null, 2)}\n`).equals(bytes)) {
    throw new Unreadable('it is not in its canonical form');
  }
  const contradiction = contradictionIn(manifest);
  if (contradiction !== undefined) throw new Unreadable(contradiction);
  return manifest;
}

/**
 * Throws `Unreadable` where manifest.note is of a version that came later: its first line says so in every version. Called before
 * anything else is read, because everything else may be different in a later version.
 */
export function refuseNewerNote(note: Buffer): void {
  const [, version] = /^vouchsafe forensic bundle v(\d{1,9})\n/.exec(note.toString('latin1', 0, 100)) ?? [];
  if (isNewer(Number(version))) throw newerVersion('it', Number(version));
}

/** The text that manifest.note signs. Its first line keeps it apart from a checkpoint, whatever key signs it. */
export function manifestNoteText({ version }: Manifest, sha256: string): string {
  return version === 1 ? noteTextV1(sha256) : noteTextV2(sha256);
}

/** The text that manifest.note signs, of each version. */
export const NOTE_TEXTS = [noteTextV1, noteTextV2] as const;

/**
 * The first part of a log's origin, before its id. Origins are thus as distinct as ids, and the manifest's key has its
 * name from there. Undefined where the origin is another log's.
 */
export function operatorOf({ id, origin }: Pick<ManifestLog, 'id' | 'origin'>): string | undefined {
  return origin.endsWith(`/${id}`) && origin.length > id.length + 1
    ? origin.slice(0, -id.length - 1)
    : undefined;
}

/** The manifest, its list of logs, a log, its ranges, a pair. */
const LEVELS = 5;

function readJson(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString('utf8');
  if (isNestedDeeper(text, LEVELS)) throw new Unreadable('it is nested deeper than a manifest is');
  try {
    return parseJson(text);
  } catch {
    throw new Unreadable('it is not JSON');
  }
}

function ofKnownVersion(value: unknown): Manifest {
  const { version, formats } = (value ?? {}) as { version?: unknown; formats?: unknown };
  if (isNewer(version)) throw newerVersion('it', version);
  const { csv, ocsf } = (formats ?? {}) as { csv?: unknown; ocsf?: unknown };
  if (version === 2 && isNewer(csv)) throw newerVersion('entries.csv', csv);
  if (version === 2 && isNewer(ocsf)) throw newerVersion('ocsf.ndjson', ocsf);
  if (manifestV1(value)) return { ...value, formats: { csv: 1, ocsf: 1 } };
  if (manifestV2(value)) return value;
  throw new Unreadable('it does not have the members of a manifest, each of its type');
}

const NEWEST = 2;

function isNewer(version: unknown): version is number {
  return typeof version === 'number' && version > NEWEST;
}

function sorted(value: unknown): Json {
  try {
    return parseJson(canonicalJson(value)) as Json;
  } catch {
    throw new Unreadable('it is not in its canonical form');
  }
}

function contradictionIn(manifest: Manifest): string | undefined {
  const { logs, files, range, claim, filter, disclosed } = manifest;
  if (range.from > range.to) return 'its range ends before it starts';
  if (claim === 'contiguous' && Object.keys(filter).length > 0)
    return 'it claims a contiguous range, and names a filter';
  if (disclosed.length === 0 && logs.some((log) => log.disclosures > 0))
    return 'it opens values, and says that none were asked for';
  if (logs.length === 0) return 'it names no log';
  if (logs.length > MAX_LOGS) return `it names more than ${MAX_LOGS} logs`;
  if (!isAscending(logs.map((log) => log.id))) return 'its logs are not in the order of their ids';
  if (!isAscending(files.map((file) => file.name))) return 'its files are not in the order of their names';
  const badName = files.find((file) => !isMemberName(file.name));
  if (badName) return `it names a file ${JSON.stringify(badName.name)}`;
  for (const log of logs) {
    const problem = contradictionInLog(log);
    if (problem !== undefined) return `log ${JSON.stringify(log.id)}: ${problem}`;
  }
  // On some systems the one would be written over the other.
  if (!areApartWithoutCase(logs.map((log) => log.id)) || !areApartWithoutCase(files.map((file) => file.name)))
    return 'two of its names differ by upper and lower case alone';
  return undefined;
}

function contradictionInLog(log: ManifestLog): string | undefined {
  const { first, last, size, expired, erased, held, earlierCheckpoints } = log;
  if (!isLogId(log.id)) return 'its id cannot be the name of a folder';
  if (operatorOf(log) === undefined) return 'its origin does not end in its id';
  if ((first === null) !== (last === null)) return 'it has a first or a last index, but not both';
  if (first !== null && last !== null && (first > last || last >= size))
    return 'its range is not in its tree';
  if (first === null && log.entries > 0) return 'it has entries and no range';
  const bounds = [first ?? 0, last ?? -1] as const;
  if (![expired, erased, held].every((ranges) => areRanges(ranges, ...bounds))) {
    return 'what is expired, erased or held is not in order or not in its range';
  }
  if (earlierCheckpoints.length > MAX_EARLIER_CHECKPOINTS)
    return `it names more than ${MAX_EARLIER_CHECKPOINTS} earlier checkpoints`;
  if (earlierCheckpoints.some((n, i) => n > size || n <= (earlierCheckpoints[i - 1] ?? -1))) {
    return 'its earlier checkpoints are not in order or not earlier';
  }
  return undefined;
}

function areApartWithoutCase(names: readonly string[]): boolean {
  return new Set(names.map((name) => name.toLowerCase())).size === names.length;
}

/** ASCII names compare alike by bytes and by UTF-16 code units. */
function isAscending(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name);
}
