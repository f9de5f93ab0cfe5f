/** @promise P24 checks a bundle offline */
import type { VerifierKey } from '@vouchsafe/transparency-log';
import { bundleFiles, type BundleFiles } from './container/bundle-files.js';
import { README } from './container/names.js';
import { readZip, type ByteSource } from './container/zip.js';
import { IN_THIS_THREAD, verifyEntries, type RunChecker } from './entries/verify-entries.js';
import { MAX_README_BYTES } from './limits.js';
import { verifyLog, verifyLogKeys } from './log/verify-log.js';
import { readKeysInside } from './manifest/keys-inside.js';
import type { Manifest } from './manifest/manifest.js';
import { readManifest, verifySigner } from './manifest/verify-manifest.js';
import { policyOf, type Policy } from './policy.js';
import { Problem, refusalOf, type Refusal } from './problem.js';

export type Verification =
  /** Everything holds against the keys that were given. */
  | ({ readonly status: 'holds' } & WhatHolds)
  /** Everything holds, but no keys were given: whoever forged the bundle could have put keys of their own in it. */
  | ({ readonly status: 'holds-by-its-own-keys' } & WhatHolds)
  /** `why` may hold words of the bundle: `inPlainWords` makes them fit for a terminal. */
  | Refusal;

export type WhatHolds = {
  readonly manifest: Manifest;
  /** The name of the manifest's key. */
  readonly signer: string;
  /** How many of the entries are of version 1, which does not say who submitted them. */
  readonly entriesOfVersion1: number;
};

/**
 * Checks a forensic bundle, whose form docs/formats.md describes, against `given` keys alone, where they are given. Answers
 * with the first thing that does not hold. Throws only what `source` throws, and where a thread fails.
 *
 * `checkerFor` says, by the number of entries, what checks them; without it this thread does. The verdict does not depend on it.
 */
export async function verifyBundle(
  source: ByteSource,
  given?: readonly VerifierKey[],
  checkerFor: (entries: number) => RunChecker = () => IN_THIS_THREAD,
): Promise<Verification> {
  try {
    return await verify(source, given, checkerFor);
  } catch (error) {
    return refusalOf(error);
  }
}

async function verify(
  source: ByteSource,
  given: readonly VerifierKey[] | undefined,
  checkerFor: (entries: number) => RunChecker,
): Promise<Verification> {
  // 1. The container: a ZIP that hides nothing.
  const members = new Map(readZip(source).map((member) => [member.name, member]));

  // 2. The manifest: it names all other files, and whoever the policy lets speak for exports signed it.
  const signed = readManifest(source, members, given);
  const { manifest } = signed;
  const files = bundleFiles(source, members, manifest);
  const policy = policyOf(given, readKeysInside(files));
  const signer = verifySigner(signed, policy);

  const entriesOfVersion1 = await verifyLogs(manifest, files, policy, checkerFor);
  // Nothing proves what README.txt says; it is as whoever signed the manifest wrote it. Nothing else is here.
  files.whole(README, MAX_README_BYTES);
  const [unknown] = files.unread();
  if (unknown !== undefined) throw new Problem(unknown, 'a bundle has no such file');
  const status = policy.isByOwnKeys ? 'holds-by-its-own-keys' : 'holds';
  return { status, manifest, signer, entriesOfVersion1 };
}

/** Answers with how many entries are of version 1. */
async function verifyLogs(
  manifest: Manifest,
  files: BundleFiles,
  policy: Policy,
  checkerFor: (entries: number) => RunChecker,
): Promise<number> {
  const checker = checkerFor(manifest.logs.reduce((sum, log) => sum + log.entries, 0));
  let entriesOfVersion1 = 0;
  try {
    for (const log of manifest.logs) {
      // 3. The log: its checkpoint, the tiles that lead to it, the checkpoints before it.
      const verified = await verifyLog(manifest, log, files, policy);
      // 4. The entries: each in the log, each value its own; the files drawn from them say the same.
      const { recordedBefore, ofVersion1 } = await verifyEntries(
        manifest,
        log,
        files,
        verified.tiles,
        checker,
      );
      entriesOfVersion1 += ofVersion1;
      verifyLogKeys(manifest, log, verified, recordedBefore, policy);
    }
  } finally {
    await checker.close();
  }
  return entriesOfVersion1;
}
