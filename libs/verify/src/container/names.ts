import { entryBundlePath, tilePath, type TileId } from '@vouchsafe/transparency-log';

/** Every file of a bundle by name. Names are ASCII, and stand in the ZIP in ascending order of their bytes. */
export const MANIFEST = 'manifest.json';
export const MANIFEST_NOTE = 'manifest.note';
export const README = 'README.txt';
export const LOG_KEYS = 'keys/logs.vkey';
export const MANIFEST_KEY = 'keys/manifest.vkey';
export const KEY_HISTORY = 'keys/history.json';

/** The files that each log's folder has beside its tiles and earlier checkpoints. */
const LOG_FILES = {
  checkpoint: 'log/checkpoint',
  entries: 'entries.ndjson',
  indices: 'indices.txt',
  disclosures: 'disclosures.ndjson',
  csv: 'entries.csv',
  ocsf: 'ocsf.ndjson',
} as const;

export type LogFile = keyof typeof LOG_FILES;

export function logFile(logId: string, file: LogFile): string {
  return `${logId}/${LOG_FILES[file]}`;
}

export function tileFile(logId: string, tile: TileId): string {
  return `${logId}/log/${tilePath(tile)}`;
}

export function entryBundleFile(logId: string, index: number, width: number): string {
  return `${logId}/log/${entryBundlePath(index, width)}`;
}

/** An earlier checkpoint is named by its tree size. */
export function earlierCheckpointFile(logId: string, size: number): string {
  return `${logId}/earlier-checkpoints/${size}`;
}

/** A log's opaque id is also a folder: it can't be mistaken for another file of the bundle, nor lead out of it. */
export function isLogId(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{7,63}$/i.test(text);
}

export const MAX_NAME_LENGTH = 255;

/** A name that is the same file on every system: no `..`, no empty part, no start at a root or drive. */
export function isMemberName(name: string): boolean {
  return (
    name.length <= MAX_NAME_LENGTH &&
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(name)
  );
}
