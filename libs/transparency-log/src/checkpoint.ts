import { decodeBase64, encodeBase64 } from './base64.js';
import { HASH_SIZE } from './hash.js';
import { ED25519, type NoteSigner, type VerifierKey } from './key.js';
import { openNote, signNote, type Note, type OpenedNote } from './note.js';

/** c2sp.org/tlog-checkpoint: that the log `origin` had `size` leaves and this root. */
export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
};

export type OpenedCheckpoint =
  | { readonly status: 'opened'; readonly checkpoint: Checkpoint; readonly note: Note }
  | Exclude<OpenedNote, { status: 'opened' }>
  /** Well signed, but not a checkpoint of this origin, or not by a key of the log's own name. */
  | { readonly status: 'not-a-checkpoint' }
  | { readonly status: 'wrong-origin'; readonly origin: string };

/** The text of a checkpoint. We write no extension lines: they cannot be audited. */
function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin === '' || origin.includes('\n')) throw new Error('an origin is one line');
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== HASH_SIZE)
    throw new Error('not a tree head');
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

export function signCheckpoint(checkpoint: Checkpoint, ...signers: readonly NoteSigner[]): Uint8Array {
  return signNote(formatCheckpoint(checkpoint), ...signers);
}

/** Reads a note's text as a checkpoint; extension lines are allowed, as the spec has it, and not returned. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  if (!text.endsWith('\n')) return undefined;
  const lines = text.slice(0, -1).split('\n');
  const [origin, size = '', root = ''] = lines;
  if (!origin || lines.includes('') || !/^(0|[1-9]\d*)$/.test(size)) return undefined;
  const hash = decodeBase64(root);
  if (hash?.length !== HASH_SIZE || !Number.isSafeInteger(Number(size))) return undefined;
  return { origin, size: Number(size), root: hash };
}

/** Opens the checkpoint of the log `origin`: signed by one of the known keys that has the log's name. */
export function openCheckpoint(
  bytes: Uint8Array,
  origin: string,
  known: readonly VerifierKey[],
): OpenedCheckpoint {
  const opened = openNote(bytes, known);
  if (opened.status !== 'opened') return opened;
  const checkpoint = parseCheckpoint(opened.note.text);
  if (!checkpoint) return { status: 'not-a-checkpoint' };
  if (checkpoint.origin !== origin) return { status: 'wrong-origin', origin: checkpoint.origin };
  // A witness's cosignature alone does not make a checkpoint the log's.
  const logKeys = known.filter((key) => key.type === ED25519 && key.name === origin);
  if (!opened.note.verified.some((s) => logKeys.some((key) => key.name === s.name && key.id === s.id))) {
    return { status: 'unverified', note: opened.note };
  }
  return { status: 'opened', checkpoint, note: opened.note };
}
