/** @promise P30 checks offline that a part of an organization's returned data is as it was written, file by file */
import { openNote, parseNote, type VerifierKey } from '@vouchsafe/transparency-log';
import type { ByteSource } from '../container/zip.js';
import { check, Problem, quote, refusalOf, Unreadable, type Refusal } from '../problem.js';
import { readReturnManifest, type ReturnManifest } from './return-manifest.js';

export type ReturnVerification =
  | {
      readonly status: 'holds' | 'holds-by-its-own-keys';
      readonly returned: ReturnManifest;
      readonly signer: string;
    }
  | Refusal;

/** What a file beside the manifest is; undefined where there is none. */
export type Beside = (path: string) => { readonly size: number; readonly sha256: string } | undefined;

const FILE = 'manifest';
/** More is no signed note, for others neither (golang.org/x/mod/sumdb/note). */
const MOST_BYTES = 1_000_000;
const START = Buffer.from('vouchsafe return manifest ');

/** Whether a file is meant to be the manifest of a return's part. */
export function isReturnManifest(source: ByteSource): boolean {
  return source.size >= START.length && START.equals(source.read(0, START.length));
}

/**
 * Checks the manifest of a part, whose form docs/formats.md describes, and every file that it names, against `given` keys alone, where they
 * are given. Answers with the first thing that does not hold.
 */
export function verifyReturn(
  source: ByteSource,
  given: readonly VerifierKey[] | undefined,
  beside: Beside,
): ReturnVerification {
  try {
    if (source.size > MOST_BYTES) throw new Unreadable('it is larger than a manifest can be');
    const bytes = source.read(0, source.size);
    const note = parseNote(bytes);
    check(note !== undefined, FILE, 'it is not a signed note');
    check(
      note.signatures.length === 1,
      FILE,
      `it has ${note.signatures.length} signatures, and one alone counts`,
    );
    const signer = given ? signedBy(bytes, given) : undefined;
    const returned = readReturnManifest(note.text, FILE);
    checkParts(returned);
    checkFiles(returned, beside);
    return {
      status: signer === undefined ? 'holds-by-its-own-keys' : 'holds',
      returned,
      signer: signer ?? note.signatures[0]?.name ?? '',
    };
  } catch (error) {
    return refusalOf(error);
  }
}

/** @returns the name of the key for returns that signed it: `<operator>/returns`, which signs nothing else */
function signedBy(bytes: Uint8Array, given: readonly VerifierKey[]): string {
  const opened = openNote(
    bytes,
    given.filter(({ name }) => name.endsWith('/returns')),
  );
  if (opened.status === 'opened') return parseNote(bytes)?.signatures[0]?.name ?? '';
  const why =
    opened.status === 'invalid-signature'
      ? `the signature of ${quote(opened.name)} is wrong`
      : 'it is not signed by a key for returns (its name ends with "/returns") that you gave';
  throw new Problem(FILE, why);
}

function checkParts({ part, previousPart }: ReturnManifest): void {
  const isNext = part === 1 ? previousPart === null : previousPart?.part === part - 1;
  check(part > 0 && isNext, FILE, 'it does not name the part before it');
}

function checkFiles({ files }: ReturnManifest, beside: Beside): void {
  check(new Set(files.map(({ path }) => path)).size === files.length, FILE, 'it names a file twice');
  for (const { path, size, sha256 } of files) {
    const found = beside(path);
    check(found !== undefined, path, 'it is missing: unpack the part into the folder of its manifest');
    check(found.size === size, path, `it has ${found.size} bytes, and ${size} were written`);
    check(found.sha256 === sha256, path, 'its SHA-256 is not the one in the manifest');
  }
}
