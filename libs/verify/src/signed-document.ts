/**
 * A signed note of two lines: a title, which its version ends, and canonical JSON. Certificates, receipts and manifests of returns are such
 * documents; docs/formats.md describes each.
 */
import {
  canonicalJson,
  isNestedDeeper,
  openNote,
  parseJson,
  parseNote,
  type Json,
  type VerifierKey,
} from '@vouchsafe/transparency-log';
import type { ByteSource } from './container/zip.js';
import type { Shape } from './manifest/shape.js';
import { check, newerVersion, Problem, quote, Unreadable } from './problem.js';

export interface DocumentKind<Content> {
  /** In sentences, and in place of a file's name: `certificate`. */
  readonly name: string;
  /** First line of the note, up to its version: `vouchsafe deletion certificate`. */
  readonly title: string;
  readonly mostBytes: number;
  /** Version 1 of it, the only one that there is. */
  readonly shape: Shape<Content>;
}

export interface SignedDocument<Content> {
  readonly content: Content;
  /** Of the one signature: whom it names, which is unchecked. */
  readonly signer: string;
  readonly bytes: Uint8Array;
}

/** Whether a file is meant to be one; a bundle is a ZIP. */
export function isDocument(source: ByteSource, { title }: DocumentKind<unknown>): boolean {
  const start = Buffer.from(`${title} `);
  return source.size >= start.length && start.equals(source.read(0, start.length));
}

/** Reads what the note says. Who signed it is not checked: `checkSignature`. */
export function readDocument<Content>(
  source: ByteSource,
  kind: DocumentKind<Content>,
): SignedDocument<Content> {
  const { name } = kind;
  if (source.size > kind.mostBytes) throw new Unreadable(`it is larger than a ${name} can be`);
  const bytes = source.read(0, source.size);
  const note = parseNote(bytes);
  check(note !== undefined, name, 'it is not a signed note');
  const [signature, ...others] = note.signatures;
  const isOne = signature !== undefined && others.length === 0;
  check(isOne, name, `it has ${note.signatures.length} signatures, and one alone counts`);
  return { content: contentOf(note.text, kind), signer: signature.name, bytes };
}

function contentOf<Content>(noteText: string, { name, title, shape }: DocumentKind<Content>): Content {
  const [first = '', json = '', ...more] = noteText.split('\n');
  const version = first.startsWith(`${title} v`) ? first.slice(title.length + 2) : '';
  if (!/^[1-9]\d{0,3}$/.test(version)) throw new Unreadable(`its title is not that of a ${name}`);
  if (version !== '1') throw newerVersion(`the ${name}`, Number(version));
  check(more.join() === '', name, 'it has more than a title and one line');
  const value = parsedJson(json);
  check(value !== undefined && canonicalJson(value) === json, name, 'its line is not canonical JSON', 2);
  check(shape(value), name, `it does not have the members of a ${name} of version 1`, 2);
  return value;
}

/** @throws Problem unless one of the given keys of that name signed it */
export function checkSignature(
  { bytes }: SignedDocument<unknown>,
  { name }: DocumentKind<unknown>,
  key: string,
  given: readonly VerifierKey[],
): void {
  const opened = openNote(
    bytes,
    given.filter((one) => one.name === key),
  );
  if (opened.status === 'opened') return;
  const why =
    opened.status === 'invalid-signature'
      ? `the signature of ${quote(opened.name)} is wrong`
      : `it is not signed by a key of ${quote(key)} that you gave`;
  throw new Problem(name, why);
}

const LEVELS = 8;

/** Undefined where it is none, or nested deeper than anything here is. */
export function parsedJson(json: string): Json | undefined {
  if (isNestedDeeper(json, LEVELS)) return undefined;
  try {
    return parseJson(json) as Json;
  } catch {
    return undefined;
  }
}
