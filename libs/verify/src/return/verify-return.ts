/** @promise P30 checks offline that a part of an organization's returned data, or of a person's, is as it was written, file by file */
import type { VerifierKey } from '@vouchsafe/transparency-log';
import type { ByteSource } from '../container/zip.js';
import { check, quote, refusalOf, type Refusal } from '../problem.js';
import { checkSignature, readDocument } from '../signed-document.js';
import { RETURN_MANIFEST, type ReturnManifest } from './return-manifest.js';

export type ReturnVerification =
  | {
      readonly status: 'holds' | 'holds-by-its-own-keys';
      readonly returned: ReturnManifest;
      readonly signer: string;
    }
  | Refusal;

/** A file beside the manifest, whose content is read when its digest is asked for; undefined where there is none. */
export type Beside = (path: string) => { readonly size: number; readonly sha256: () => string } | undefined;

const FILE = RETURN_MANIFEST.name;
/** The key for returns, which signs nothing else: `<operator>/returns`. */
const SIGNER = /^[^\s+]+\/returns$/;

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
    const document = readDocument(source, RETURN_MANIFEST);
    const { content: returned, signer } = document;
    check(SIGNER.test(signer), FILE, `${quote(signer)} is no key that signs returns`);
    if (given) checkSignature(document, RETURN_MANIFEST, signer, given);
    checkParts(returned);
    checkFiles(returned, beside);
    return { status: given ? 'holds' : 'holds-by-its-own-keys', returned, signer };
  } catch (error) {
    return refusalOf(error);
  }
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
    check(found.sha256() === sha256, path, 'its SHA-256 is not the one in the manifest');
  }
}
