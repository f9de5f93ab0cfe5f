import {
  MANIFEST,
  MANIFEST_NOTE,
  fileDigest,
  manifestNoteText,
  parseManifest,
  type ByteSource,
  type LocatedMember,
  type Manifest,
} from '@vouchsafe/forensic-bundle';
import { openNote, type VerifierKey } from '@vouchsafe/transparency-log';
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

/** That a known key, which is no log's, signed exactly this manifest. Answers with the name of the key. */
export function checkManifestNote(
  source: ByteSource,
  members: readonly LocatedMember[],
  { manifest, bytes }: { manifest: Manifest; bytes: Uint8Array },
  keys: readonly VerifierKey[],
): string {
  const member = members.find(({ name }) => name === MANIFEST_NOTE);
  if (!member) throw new Unreadable(`it has no ${MANIFEST_NOTE}`);
  check(member.size <= 1024 * 1024, MANIFEST_NOTE, 'it is far too large');
  const note = source.read(member.dataOffset, member.size);
  checkCrc(member, note);
  const origins = new Set(manifest.logs.map((log) => log.origin));
  const opened = openNote(
    note,
    keys.filter((key) => !origins.has(key.name)),
  );
  switch (opened.status) {
    case 'malformed':
      throw new Problem(MANIFEST_NOTE, 'it is not a signed note');
    case 'unverified': {
      const signers = opened.note.unverified.map((s) => s.name).join(', ');
      throw new Problem(
        MANIFEST_NOTE,
        `it is signed by ${signers}: none of the keys for manifests is that one`,
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
