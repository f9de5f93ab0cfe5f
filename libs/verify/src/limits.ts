/**
 * The most that a bundle holds, of whichever version (docs/formats.md, Limits). The size of what is read as a whole is checked before
 * it is read: a manifest that a stranger signed with a key of their own must not exhaust the machine before it is refused.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

export const MAX_MEMBERS = 150_000;
export const MAX_MANIFEST_BYTES = 32 * MIB;
/** Of manifest.note and of each checkpoint. */
export const MAX_NOTE_BYTES = 64 * KIB;
/** Of each file in keys/. */
export const MAX_KEYS_BYTES = MIB;
export const MAX_README_BYTES = 64 * KIB;
/** Of a file that is read line by line. */
export const MAX_LINE_BYTES = MIB;
export const MAX_LOGS = 1000;
/** Of one log. */
export const MAX_EARLIER_CHECKPOINTS = 1000;
