/** @promise P28 the names that files may have: none leads out of a folder, hides its end, or breaks a header */
import { isPlainLine } from '@vouchsafe/service-host';
import { z } from 'zod';

/** Bytes of UTF-8 that file systems take. */
const MOST_BYTES = 255;

/** Of paths, and control characters. */
const NEVER = String.raw`\u0000-\u001f\u007f-\u009f/\\`;
/** With something besides dots and spaces. */
const oneName = new RegExp(String.raw`^[^${NEVER}]*[^${NEVER}.\s][^${NEVER}]*$`);

/**
 * A name that every file system takes and that a person sees as it is: no path, no control or format characters (U+202E would show `exe.txt`
 * for `txt.exe`), no more than 255 bytes.
 */
export const fileName = z
  .string()
  .min(1)
  .max(MOST_BYTES)
  .regex(oneName, {
    abort: true,
    error: 'must be the name of a file, without a path and control characters, and not dots alone',
  })
  .refine(isPlainLine, 'must be visible text; U+200C and U+200D are allowed between letters')
  .refine((name) => Buffer.byteLength(name) <= MOST_BYTES, `must be at most ${MOST_BYTES} bytes in UTF-8`)
  .trim()
  .describe(
    `The name of the file, without a path: visible text of at most ${MOST_BYTES} bytes in UTF-8, without control or format characters`,
  );
