/** @promise P28 the names that files may have: none leads out of a folder, hides its end, or breaks a header */
import { plainLine } from '@vouchsafe/service-host';

/** Bytes of UTF-8 that file systems take. */
const MOST_BYTES = 255;

/**
 * A name that every file system takes and that a person sees as it is: no path, no control or format characters (`plainLine`: U+202E would
 * show `exe.txt` for `txt.exe`), no more than 255 bytes.
 */
export const fileName = plainLine(
  MOST_BYTES,
  'The name of the file, without a path; at most 255 bytes in UTF-8',
)
  .regex(/^[^/\\]*$/, 'must be a name without a path: it contains / or \\')
  .refine((name) => !['.', '..'].includes(name), 'must be the name of a file')
  .refine((name) => Buffer.byteLength(name) <= MOST_BYTES, `must be at most ${MOST_BYTES} bytes in UTF-8`);
