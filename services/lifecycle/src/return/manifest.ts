/** @promise P30 what a part of an archive says of itself, signed */
import { canonicalJson, type NoteSigner, signNote } from '@vouchsafe/transparency-log';
import type { ArchivePlan } from './archive-plan.js';
import type { ArchivedFile } from './archive-part.js';

export interface KeptPart {
  readonly part: number;
  readonly size: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly organizationId: string;
  readonly returnId: string;
  /** Whose data alone it is; null where it is the organization's. */
  readonly userId: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly createdAt: string;
  readonly part: number;
  readonly isLast: boolean;
  readonly files: readonly ArchivedFile[];
  /** Attachments that were deleted while the archive was put together. */
  readonly missing: readonly string[];
  readonly notReturned: ArchivePlan['nothing'];
  /** The ZIP file before this one, whose manifest names the one before it: so the last part leads to all of them. */
  readonly previousPart: KeptPart | null;
}

/** First line of the note; docs/formats.md has the form. */
const TITLE = 'vouchsafe return manifest v1';

export function manifestNote(manifest: Manifest, signer: NoteSigner): string {
  const text = canonicalJson({ format: 'vouchsafe-return', version: 1, ...manifest });
  return Buffer.from(signNote(`${TITLE}\n${text}\n`, signer)).toString('utf8');
}

/** As `sha256sum --check` reads it. */
export function sums(files: readonly ArchivedFile[]): string {
  return files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
}

const TABLES = `Unpack all of its parts into one folder.

  *.csv                  one table each, or a piece of one (audit-entries.2.csv): RFC 4180, UTF-8
  *.csv-metadata.json    what its columns mean (CSV on the Web, W3C)
  csv-metadata.json      all tables, with the references between them; in the last part
`;

const SUMS = `  SHA256SUMS             digests of the files of one part: sha256sum --check SHA256SUMS
  manifest.note          the same and more, signed (c2sp.org/signed-note)

SHA256SUMS and manifest.note have the number of their part in their names: SHA256SUMS.2.

A text that begins as a formula has an apostrophe in front, so that spreadsheets show it as a text. The column escapedCells names the
columns of a row to which this was done: take the apostrophe off to get the value. A text that is empty is written in the same way; an
empty cell is no value.
`;

export const README = `This archive holds the data of an organization, as Vouchsafe returned it.

${TABLES}  attachments/           files, as they were stored: attachments.csv says which is whose
${SUMS}`;

export const README_OF_PERSON = `This archive holds the personal data of one person (Articles 15 and 20 GDPR).

${TABLES}${SUMS}
attachments.csv lists the files that the person stored. The files themselves are not in it: they may be about others.
`;
