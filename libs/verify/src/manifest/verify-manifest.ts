import { openNote, parseNote, type Note } from '@vouchsafe/transparency-log';
import { fileDigest, readMember } from '../container/bundle-files.js';
import { MANIFEST, MANIFEST_NOTE } from '../container/names.js';
import type { ByteSource, ZipMember } from '../container/zip.js';
import { checkKeyInside, manifestKeyNames, manifestSigners, type Policy } from '../policy.js';
import { Problem, Unreadable, check } from '../problem.js';
import { manifestNoteText, parseManifest, type Manifest } from './manifest.js';

type Members = ReadonlyMap<string, ZipMember>;

const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;
const MAX_NOTE_BYTES = 1024 * 1024;

/** manifest.json and the SHA-256 of its bytes; the ZIP holds the files that it names, of their sizes, and no others. */
export function readManifest(
  source: ByteSource,
  members: Members,
): { readonly manifest: Manifest; readonly sha256: string } {
  const bytes = readSmall(source, members, MANIFEST, MAX_MANIFEST_BYTES);
  try {
    const manifest = parseManifest(bytes);
    checkFileList(manifest, members);
    return { manifest, sha256: fileDigest(bytes).sha256 };
  } catch (error) {
    throw error instanceof Unreadable ? new Unreadable(`${MANIFEST}: ${error.message}`) : error;
  }
}

/** That a key which may do so signed exactly this manifest. Answers with the name of whoever signed. */
export function verifyManifestNote(
  source: ByteSource,
  members: Members,
  { manifest, sha256 }: ReturnType<typeof readManifest>,
  policy: Policy,
): string {
  const names = manifestKeyNames(manifest);
  const note = openManifestNote(readSmall(source, members, MANIFEST_NOTE, MAX_NOTE_BYTES), names, policy);
  const isSigned = note.text === manifestNoteText(manifest, sha256);
  check(isSigned, MANIFEST, `it is not the manifest that ${MANIFEST_NOTE} signs`);
  const { createdAt } = manifest;
  const signed = { file: MANIFEST_NOTE, note, names };
  checkKeyInside(policy, 'manifest', signed, { since: createdAt, until: createdAt });
  return note.verified.map(({ name }) => name).join(', ');
}

function openManifestNote(bytes: Uint8Array, names: readonly string[], policy: Policy): Note {
  // The note signs its text alone: anyone could add lines of signatures. As they stand there, for `openNote` passes over
  // a second one by the same key.
  const signatures = parseNote(bytes)?.signatures.length ?? 0;
  check(signatures <= 1, MANIFEST_NOTE, `it has ${signatures} signatures, and one alone counts`);
  const opened = openNote(bytes, manifestSigners(policy, names));
  switch (opened.status) {
    case 'opened':
      return opened.note;
    case 'malformed':
      throw new Problem(MANIFEST_NOTE, 'it is not a signed note');
    case 'unverified': {
      const signers = opened.note.unverified.map(({ name }) => name).join(', ');
      const wanted = `none of the keys for manifests is that one (they have the name ${names.join(', ')})`;
      throw new Problem(MANIFEST_NOTE, `it is signed by ${signers}: ${wanted}`);
    }
    case 'invalid-signature':
      throw new Problem(MANIFEST_NOTE, `the signature of ${opened.name} is wrong`);
    case 'ambiguous-key':
      throw new Problem(MANIFEST_NOTE, `two different keys were given for ${opened.name}`);
  }
}

function checkFileList(manifest: Manifest, members: Members): void {
  const promised = new Map(manifest.files.map((file) => [file.name, file.size]));
  for (const { name, size } of members.values()) {
    if (name === MANIFEST || name === MANIFEST_NOTE) continue;
    const promisedSize = promised.get(name);
    check(promisedSize !== undefined, name, 'the manifest does not name it');
    check(size === promisedSize, name, `it has ${size} bytes, the manifest says ${promisedSize}`);
  }
  for (const name of promised.keys())
    check(members.has(name), name, 'the manifest names it, but it is missing');
}

/** The two files that the manifest cannot name. */
function readSmall(source: ByteSource, members: Members, name: string, most: number): Buffer {
  const member = members.get(name);
  if (!member) throw new Unreadable(`it has no ${name}`);
  if (member.size > most) throw new Unreadable(`its ${name} is far too large`);
  const bytes = readMember(source, member);
  check(fileDigest(bytes).crc32 === member.crc32, name, 'its CRC-32 is not the one in the ZIP');
  return bytes;
}
