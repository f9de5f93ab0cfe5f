/** The most that a bundle holds (docs/formats.md, Limits): verifiers read no more. */
const KIB = 1024;
const MIB = 1024 * KIB;

export const MAX_MEMBERS = 150_000;
export const MAX_MANIFEST_BYTES = 32 * MIB;
export const MAX_NOTE_BYTES = 64 * KIB;
export const MAX_KEYS_BYTES = MIB;
export const MAX_LINE_BYTES = MIB;
export const MAX_LOGS = 1000;
export const MAX_EARLIER_CHECKPOINTS = 1000;

/** What was asked for does not fit into one bundle: another attempt would fail as well. */
export class BundleTooLargeError extends Error {
  override readonly name = 'BundleTooLargeError';
}

/** @throws BundleTooLargeError */
export function atMost(most: number, count: number, what: string): void {
  if (count > most)
    throw new BundleTooLargeError(`${count} ${what} are more than the ${most} that a bundle has`);
}
