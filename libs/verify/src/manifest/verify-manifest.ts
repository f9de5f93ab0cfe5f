import { openNote, parseNote, type Note, type VerifierKey } from '@vouchsafe/transparency-log';
import { checkSize, fileDigest, readMember } from '../container/bundle-files.js';
import { MANIFEST, MANIFEST_KEY, MANIFEST_NOTE } from '../container/names.js';
import type { ByteSource, ZipMember } from '../container/zip.js';
import { MAX_KEYS_BYTES, MAX_MANIFEST_BYTES, MAX_NOTE_BYTES } from '../limits.js';
import { checkKeyInside, manifestKeyNames, manifestSigners, type Policy } from '../policy.js';
import { Problem, Unreadable, check, quote } from '../problem.js';
import { parseKeyFile } from './keys-inside.js';
import { manifestNoteText, NOTE_TEXTS, parseManifest, refuseNewerNote, type Manifest } from './manifest.js';

type Members = ReadonlyMap<string, ZipMember>;

/** A manifest, and the note over its bytes. */
export type SignedManifest = { readonly manifest: Manifest; readonly note: Note };

/**
 * manifest.json, whose bytes a key for manifests signed: that is checked before any of them is parsed. The key belongs to an
 * operator of the logs that the manifest names, and the ZIP holds the files that it names, of their sizes, and no others.
 */
export function readManifest(
  source: ByteSource,
  members: Members,
  given: readonly VerifierKey[] | undefined,
): SignedManifest {
  const [noteBytes, bytes] = [
    readSmall(source, members, MANIFEST_NOTE, MAX_NOTE_BYTES),
    readSmall(source, members, MANIFEST, MAX_MANIFEST_BYTES),
  ];
  inManifest(() => refuseNewerNote(noteBytes));
  const note = openManifestNote(noteBytes, manifestSigners(given ?? keysInside(source, members)));
  const { sha256 } = fileDigest(bytes);
  const isSigned = NOTE_TEXTS.some((text) => note.text === text(sha256));
  check(isSigned, MANIFEST, `it is not the manifest that ${MANIFEST_NOTE} signs`);
  const manifest = inManifest(() => parseManifest(bytes));
  const isOfItsVersion = note.text === manifestNoteText(manifest, sha256);
  check(isOfItsVersion, MANIFEST, `it is of another version than ${MANIFEST_NOTE} signs`);
  checkOperator(note, manifest);
  checkFileList(manifest, members);
  return { manifest, note };
}

/** That the key which signed the manifest is inside, and was in use. Answers with the name of whoever signed. */
export function verifySigner({ manifest, note }: SignedManifest, policy: Policy): string {
  const { createdAt } = manifest;
  const names = note.verified.map(({ name }) => name);
  const signed = { file: MANIFEST_NOTE, note, names };
  checkKeyInside(policy, 'manifest', signed, { since: createdAt, until: createdAt });
  return names.join(', ');
}

function openManifestNote(bytes: Uint8Array, signers: readonly VerifierKey[]): Note {
  // The note signs its text alone: anyone could add lines of signatures. As they stand there, for `openNote` passes over
  // a second one by the same key.
  const signatures = parseNote(bytes)?.signatures.length ?? 0;
  check(signatures <= 1, MANIFEST_NOTE, `it has ${signatures} signatures, and one alone counts`);
  const opened = openNote(bytes, signers);
  switch (opened.status) {
    case 'opened':
      return opened.note;
    case 'malformed':
      throw new Problem(MANIFEST_NOTE, 'it is not a signed note');
    case 'unverified': {
      const names = opened.note.unverified.map(({ name }) => quote(name)).join(', ');
      const wanted = 'none of the keys for manifests is that one (their names end in "/exports")';
      throw new Problem(MANIFEST_NOTE, `it is signed by ${names}: ${wanted}`);
    }
    case 'invalid-signature':
      throw new Problem(MANIFEST_NOTE, `the signature of ${quote(opened.name)} is wrong`);
    case 'ambiguous-key':
      throw new Problem(MANIFEST_NOTE, `two different keys were given for ${quote(opened.name)}`);
  }
}

/** The keys that stand in for the reader's. `readKeysInside` reads them again, and compares the file with the manifest. */
function keysInside(source: ByteSource, members: Members): VerifierKey[] {
  const member = members.get(MANIFEST_KEY);
  if (!member) throw new Problem(MANIFEST_KEY, 'it is missing');
  checkSize(member, MAX_KEYS_BYTES);
  return parseKeyFile(MANIFEST_KEY, readMember(source, member));
}

function checkOperator({ verified }: Note, manifest: Manifest): void {
  const names = manifestKeyNames(manifest);
  for (const { name } of verified) {
    const why = `it is signed by ${quote(name)}: manifests of its logs are signed by ${names.map(quote).join(', ')}`;
    check(names.includes(name), MANIFEST_NOTE, why);
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
function readSmall(source: ByteSource, members: Members, name: string, maxBytes: number): Buffer {
  const member = members.get(name);
  if (!member) throw new Unreadable(`it has no ${name}`);
  if (member.size > maxBytes)
    throw new Unreadable(`its ${name} has ${member.size} bytes; more than ${maxBytes} are not read`);
  const bytes = readMember(source, member);
  check(fileDigest(bytes).crc32 === member.crc32, name, 'its CRC-32 is not the one in the ZIP');
  return bytes;
}

function inManifest<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Unreadable ? new Unreadable(`${MANIFEST}: ${error.message}`) : error;
  }
}
