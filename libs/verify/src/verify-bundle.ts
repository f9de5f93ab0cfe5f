import { README, readZip, type ByteSource, type Manifest } from '@vouchsafe/forensic-bundle';
import type { VerifierKey } from '@vouchsafe/transparency-log';
import { readOwnKeys } from './check-keys.js';
import { checkLog } from './check-log.js';
import { checkFileList, checkManifestNote, readManifest } from './check-manifest.js';
import { inThisThread, type Describer } from './describer.js';
import { bundleMembers } from './members.js';
import { Problem, Unreadable } from './problem.js';

export type Verification =
  /** Everything holds against the keys that were given. `signer`: the name of the manifest's key. */
  | { readonly status: 'holds'; readonly manifest: Manifest; readonly signer: string }
  /** Everything holds, but no keys were given: whoever forged the bundle could have put keys of their own in it. */
  | { readonly status: 'holds-by-its-own-keys'; readonly manifest: Manifest; readonly signer: string }
  /** `why` may hold words of the bundle: `inPlainWords` makes them fit for a terminal. `line` counts from 1; undefined where it is not about one line. */
  | {
      readonly status: 'does-not-hold';
      readonly file: string;
      readonly line: number | undefined;
      readonly why: string;
    }
  | { readonly status: 'unreadable'; readonly why: string };

/**
 * Checks a forensic bundle: that the ZIP hides nothing, that every file is the one that the signed manifest names, that
 * every entry stands in its log, and that the files drawn from the entries say the same. Against `keys` alone, where
 * they are given. Answers with the first thing that does not hold. Throws only what `source` throws.
 * `describer`: does the costly part elsewhere; the command line has one of several threads.
 */
export async function verifyBundle(
  source: ByteSource,
  keys?: readonly VerifierKey[],
  describer: Describer = inThisThread,
): Promise<Verification> {
  try {
    const zip = readZip(source);
    if ('error' in zip) return { status: 'unreadable', why: zip.error };
    const read = readManifest(source, zip.members);
    const { manifest } = read;
    checkFileList(manifest, zip.members);
    const members = bundleMembers(source, zip.members, manifest);
    const ownKeys = readOwnKeys(members, keys);
    const trusted = keys ?? ownKeys.keys;
    const signer = checkManifestNote(source, zip.members, read, trusted, ownKeys);
    members.whole(README);
    for (const log of manifest.logs) await checkLog(manifest, log, members, { trusted, ownKeys }, describer);
    const [unknown] = members.unread();
    if (unknown !== undefined) throw new Problem(unknown, 'a bundle has no such file');
    return { status: keys ? 'holds' : 'holds-by-its-own-keys', manifest, signer };
  } catch (error) {
    if (error instanceof Unreadable) return { status: 'unreadable', why: error.message };
    if (!(error instanceof Problem)) throw error;
    return { status: 'does-not-hold', file: error.file, line: error.line, why: error.message };
  }
}
