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
import type { DocumentKind } from '../signed-document.js';

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
  /** Whose data alone it is; null where it is the organization's. */
  userId: nullable(printable),
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

export const RETURN_MANIFEST: DocumentKind<ReturnManifest> = {
  name: 'manifest',
  title: 'vouchsafe return manifest',
  // More is no signed note for others (golang.org/x/mod/sumdb/note).
  mostBytes: 1_000_000,
  shape: manifest,
};
