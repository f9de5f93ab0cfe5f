import {
  MANIFEST,
  MANIFEST_NOTE,
  fileDigest,
  manifestKeyNames,
  manifestNoteText,
  parseManifest,
  type ByteSource,
  type LocatedMember,
  type Manifest,
} from '@vouchsafe/forensic-bundle';
import { ED25519, openNote, type VerifierKey } from '@vouchsafe/transparency-log';
import type { OwnKeys } from './check-keys.js';
import { Problem, Unreadable, check } from './problem.js';

const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

/** Reads manifest.json. Throws Unreadable where it is none. */
export function readManifest(
  source: ByteSource,
  members: readonly LocatedMember[],
): { manifest: Manifest; bytes: Uint8Array } {
  const member = members.find(({ name }) => name === MANIFEST);
  if (!member || member.size > MAX_MANIFEST_BYTES) throw new Unreadable(`it has no ${MANIFEST}`);
  const bytes = source.read(member.dataOffset, member.size);
  checkCrc(member, bytes);
  const parsed = parseManifest(bytes);
  if ('error' in parsed) throw new Unreadable(`${MANIFEST}: ${parsed.error}`);
  return { manifest: parsed.manifest, bytes };
}

/**
 * That a known key signed exactly this manifest, in the name of the logs' operator and in no log's: neither a log, which
 * signs what it is given, nor a witness, who saw checkpoints alone, speaks for an export. Answers with the name.
 */
export function checkManifestNote(
  source: ByteSource,
  members: readonly LocatedMember[],
  { manifest, bytes }: { manifest: Manifest; bytes: Uint8Array },
  trusted: readonly VerifierKey[],
  ownKeys: OwnKeys,
): string {
  const member = members.find(({ name }) => name === MANIFEST_NOTE);
  if (!member) throw new Unreadable(`it has no ${MANIFEST_NOTE}`);
  check(member.size <= 1024 * 1024, MANIFEST_NOTE, 'it is far too large');
  const note = source.read(member.dataOffset, member.size);
  checkCrc(member, note);
  const names = manifestKeyNames(manifest);
  const opened = openNote(
    note,
    trusted.filter((key) => key.type === ED25519 && names.includes(key.name)),
  );
  switch (opened.status) {
    case 'malformed':
      throw new Problem(MANIFEST_NOTE, 'it is not a signed note');
    case 'unverified': {
      const signers = opened.note.unverified.map((s) => s.name).join(', ');
      throw new Problem(
        MANIFEST_NOTE,
        `it is signed by ${signers}: none of the keys for manifests is that one (they have the name ${names.join(', ')})`,
      );
    }
    case 'invalid-signature':
      throw new Problem(MANIFEST_NOTE, `the signature of ${opened.name} is wrong`);
    case 'ambiguous-key':
      throw new Problem(MANIFEST_NOTE, `two different keys were given for ${opened.name}`);
    case 'opened':
  }
  const digest = fileDigest();
  digest.update(bytes);
  const signed = opened.note.text === manifestNoteText(digest.done().sha256);
  check(signed, MANIFEST, `it is not the manifest that ${MANIFEST_NOTE} signs`);
  const { createdAt } = manifest;
  ownKeys.checkUse(MANIFEST_NOTE, opened.note, 'manifest', { names, since: createdAt, until: createdAt });
  return opened.note.verified.map((s) => s.name).join(', ');
}

/** That the ZIP holds the files of the manifest, of their sizes, and no others. */
export function checkFileList(manifest: Manifest, members: readonly LocatedMember[]): void {
  const promised = new Map(manifest.files.map((file) => [file.name, file.size]));
  for (const { name, size } of members) {
    if (name === MANIFEST || name === MANIFEST_NOTE) continue;
    check(promised.has(name), name, 'the manifest does not name it');
    check(
      promised.get(name) === size,
      name,
      `it has ${size} bytes, the manifest says ${promised.get(name) ?? 0}`,
    );
    promised.delete(name);
  }
  for (const name of promised.keys()) throw new Problem(name, 'the manifest names it, but it is missing');
}

function checkCrc(member: LocatedMember, bytes: Uint8Array): void {
  const digest = fileDigest();
  digest.update(bytes);
  check(digest.done().crc32 === member.crc32, member.name, 'its CRC-32 is not the one in the ZIP');
}
