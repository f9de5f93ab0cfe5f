import type { VerifierKey } from '@vouchsafe/transparency-log';
import { bundleFiles } from './container/bundle-files.js';
import { README } from './container/names.js';
import { readZip, type ByteSource } from './container/zip.js';
import { verifyEntries } from './entries/verify-entries.js';
import { MAX_README_BYTES } from './limits.js';
import { verifyLog, verifyLogKeys } from './log/verify-log.js';
import { readKeysInside } from './manifest/keys-inside.js';
import type { Manifest } from './manifest/manifest.js';
import { readManifest, verifySigner } from './manifest/verify-manifest.js';
import { policyOf } from './policy.js';
import { Problem, Unreadable } from './problem.js';

export type Verification =
  /** Everything holds against the keys that were given. */
  | ({ readonly status: 'holds' } & WhatHolds)
  /** Everything holds, but no keys were given: whoever forged the bundle could have put keys of their own in it. */
  | ({ readonly status: 'holds-by-its-own-keys' } & WhatHolds)
  /** `why` may hold words of the bundle: `inPlainWords` makes them fit for a terminal. `line` counts from 1; undefined where it is not about one line. */
  | {
      readonly status: 'does-not-hold';
      readonly file: string;
      readonly line: number | undefined;
      readonly why: string;
    }
  | { readonly status: 'unreadable'; readonly why: string };

export type WhatHolds = {
  readonly manifest: Manifest;
  /** The name of the manifest's key. */
  readonly signer: string;
  /** How many of the entries are of version 1, which does not say who submitted them. */
  readonly entriesOfVersion1: number;
};

/**
 * Checks a forensic bundle, whose form docs/formats.md describes, against `given` keys alone, where they are given. Answers
 * with the first thing that does not hold. Throws only what `source` throws.
 */
export async function verifyBundle(
  source: ByteSource,
  given?: readonly VerifierKey[],
): Promise<Verification> {
  try {
    return await verify(source, given);
  } catch (error) {
    if (error instanceof Unreadable) return { status: 'unreadable', why: error.message };
    if (!(error instanceof Problem)) throw error;
    return { status: 'does-not-hold', file: error.file, line: error.line, why: error.message };
  }
}

async function verify(source: ByteSource, given?: readonly VerifierKey[]): Promise<Verification> {
  // 1. The container: a ZIP that hides nothing.
  const members = new Map(readZip(source).map((member) => [member.name, member]));

  // 2. The manifest: it names all other files, and whoever the policy lets speak for exports signed it.
  const signed = readManifest(source, members, given);
  const { manifest } = signed;
  const files = bundleFiles(source, members, manifest);
  const policy = policyOf(given, readKeysInside(files));
  const signer = verifySigner(signed, policy);

  let entriesOfVersion1 = 0;
  for (const log of manifest.logs) {
    // 3. The log: its checkpoint, the tiles that lead to it, the checkpoints before it.
    const verified = await verifyLog(manifest, log, files, policy);
    // 4. The entries: each in the log, each value its own; the files drawn from them say the same.
    const { recordedBefore, ofVersion1 } = verifyEntries(manifest, log, files, verified.tiles);
    entriesOfVersion1 += ofVersion1;
    verifyLogKeys(manifest, log, verified, recordedBefore, policy);
  }

  // Nothing proves what README.txt says; it is as whoever signed the manifest wrote it. Nothing else is here.
  files.whole(README, MAX_README_BYTES);
  const [unknown] = files.unread();
  if (unknown !== undefined) throw new Problem(unknown, 'a bundle has no such file');
  const status = policy.isByOwnKeys ? 'holds-by-its-own-keys' : 'holds';
  return { status, manifest, signer, entriesOfVersion1 };
}
