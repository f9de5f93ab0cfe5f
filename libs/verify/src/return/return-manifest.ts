import { canonicalJson } from '@vouchsafe/transparency-log';
import { parsedJson } from '../certificate/certificate.js';
import { isInstant } from '../instant.js';
import {
  count,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
  printable,
  text,
  type Shape,
  type Shaped,
} from '../manifest/shape.js';
import { check, newerVersion, Unreadable } from '../problem.js';

/** First line of what a part's note says; its version ends it. */
const TITLE = /^vouchsafe return manifest v([1-9]\d{0,3})$/;

const sha256 = matching(/^[0-9a-f]{64}$/);
/** Within the folder: no path leads out of it, whichever system reads it. */
const within: Shape<string> = (value): value is string =>
  text(value) &&
  value.length <= 1000 &&
  !/[\p{Cc}\\]/u.test(value) &&
  value.split('/').every((name) => name !== '' && name !== '.' && name !== '..');

const file = { path: within, size: count, sha256 };
const [table, other] = [object({ ...file, rows: count }), object(file)];
const archived = (value: unknown): value is ArchivedFile => table(value) || other(value);
type ArchivedFile = Shaped<typeof table> | (Shaped<typeof other> & { readonly rows?: undefined });

/** Version 1 of the manifest of a part, as docs/formats.md describes it. */
const manifest = object({
  format: oneOf('vouchsafe-return'),
  version: oneOf(1),
  organizationId: printable,
  returnId: printable,
  from: nullable(isInstant),
  to: nullable(isInstant),
  createdAt: isInstant,
  part: count,
  isLast: (value): value is boolean => typeof value === 'boolean',
  files: listOf(archived),
  /** Attachments that were deleted while the archive was put together. */
  missing: listOf(within),
  notReturned: listOf(object({ service: printable, store: printable, because: printable })),
  /** The ZIP file before this one, as it was downloaded: so the last part leads to all of them. */
  previousPart: nullable(object({ part: count, size: count, sha256 })),
});
export type ReturnManifest = Shaped<typeof manifest>;

/** Reads what the note of a part says: a title, and the manifest as canonical JSON in one line. */
export function readReturnManifest(noteText: string, name: string): ReturnManifest {
  const [title = '', json = '', ...more] = noteText.split('\n');
  const version = TITLE.exec(title)?.[1];
  if (version === undefined) throw new Unreadable('it is not the manifest of a return');
  if (version !== '1') throw newerVersion('the manifest', Number(version));
  check(more.join() === '', name, 'it has more than a title and one line');
  const value = parsedJson(json);
  check(value !== undefined && canonicalJson(value) === json, name, 'its line is not canonical JSON', 2);
  check(manifest(value), name, 'it does not have the members of a manifest of version 1', 2);
  return value;
}
