import { decodeBase64, decodeUtf8, encodeBase64 } from './base64.js';
import { isKeyName, type NoteSigner, type VerifierKey } from './key.js';

/** A text and who signed it, as c2sp.org/signed-note has it. */
export type Note = {
  readonly text: string;
  readonly verified: readonly NoteSignature[];
  /** By keys that the reader does not know: neither good nor bad. */
  readonly unverified: readonly NoteSignature[];
};

export type NoteSignature = { readonly name: string; readonly id: number; readonly signature: Uint8Array };

export type OpenedNote =
  | { readonly status: 'opened'; readonly note: Note }
  | { readonly status: 'malformed' }
  /** None of the signatures is by a known key. */
  | { readonly status: 'unverified'; readonly note: Note }
  /** A signature in a known key's name does not hold: the whole note is refused. */
  | { readonly status: 'invalid-signature'; readonly name: string; readonly id: number }
  /** Two different keys were given under one name and id. */
  | { readonly status: 'ambiguous-key'; readonly name: string; readonly id: number };

/** The spec asks for 16 at least and for a limit; Go's sumdb/note takes 100. */
const MAX_SIGNATURES = 100;
const MAX_NOTE_BYTES = 1024 * 1024;

/** Signs a text, which ends in a newline and has no other control character. Throws on a text that is no note's. */
export function signNote(text: string, ...signers: readonly NoteSigner[]): Uint8Array {
  if (!isNoteText(text)) throw new Error('a note is well-formed text that ends in a newline');
  const bytes = Buffer.from(text);
  return formatNote(
    text,
    signers.map(({ name, id, sign }) => ({ name, id, signature: sign(bytes) })),
  );
}

/** The bytes of a note, from signatures made elsewhere (a witness's, an earlier note's). */
export function formatNote(text: string, signatures: readonly NoteSignature[]): Uint8Array {
  if (!isNoteText(text) || signatures.length === 0 || signatures.length > MAX_SIGNATURES) {
    throw new Error('a note is text that ends in a newline, and 1 to 100 signatures');
  }
  const lines = signatures.map(({ name, id, signature }) => {
    if (!isKeyName(name)) throw new Error('a key name has no white space and no plus');
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(id);
    return `— ${name} ${encodeBase64(Buffer.concat([prefix, signature]))}\n`;
  });
  return Buffer.from(`${text}\n${lines.join('')}`);
}

/** Opens a note: takes its text only when a known key signed it, and every known key's signature holds. */
export function openNote(bytes: Uint8Array, known: readonly VerifierKey[]): OpenedNote {
  const parsed = parseNote(bytes);
  if (!parsed) return { status: 'malformed' };
  const text = Buffer.from(parsed.text);
  const verified = new Map<string, NoteSignature>();
  const unverified = new Map<string, NoteSignature>();
  for (const found of parsed.signatures) {
    const { name, id, signature } = found;
    const [key, other] = distinct(known.filter((k) => k.name === name && k.id === id));
    if (other) return { status: 'ambiguous-key', name, id };
    // As sumdb/note does: a key's second signature is dropped unread, an unknown one only when it is the same.
    if (!key) unverified.set(`${name} ${id} ${encodeBase64(signature)}`, found);
    else if (!verified.has(`${name} ${id}`)) {
      if (!key.verify(text, signature)) return { status: 'invalid-signature', name, id };
      verified.set(`${name} ${id}`, found);
    }
  }
  const note = { text: parsed.text, verified: [...verified.values()], unverified: [...unverified.values()] };
  return { status: verified.size > 0 ? 'opened' : 'unverified', note };
}

/** Reads a note without checking who signed it; undefined when it is malformed. */
export function parseNote(bytes: Uint8Array): { text: string; signatures: NoteSignature[] } | undefined {
  if (bytes.length > MAX_NOTE_BYTES) return undefined;
  const note = decodeUtf8(bytes);
  if (note === undefined || hasControlCharacter(note)) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return undefined;
  const signatures = lines.map(parseSignatureLine);
  return signatures.every((s) => s !== undefined)
    ? { text: note.slice(0, split + 1), signatures }
    : undefined;
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  const [dash, name, encoded, ...rest] = line.split(' ');
  if (dash !== '—' || name === undefined || encoded === undefined || rest.length > 0 || !isKeyName(name)) {
    return undefined;
  }
  const bytes = decodeBase64(encoded);
  if (!bytes || bytes.length < 5) return undefined;
  return { name, id: Buffer.from(bytes).readUInt32BE(0), signature: bytes.subarray(4) };
}

function distinct(keys: readonly VerifierKey[]): VerifierKey[] {
  return [...new Map(keys.map((k) => [`${k.type} ${encodeBase64(k.publicKey)}`, k])).values()];
}

function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !hasControlCharacter(text);
}

function hasControlCharacter(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is being refused
  return /[\u0000-\u0009\u000b-\u001f]/.test(text);
}
