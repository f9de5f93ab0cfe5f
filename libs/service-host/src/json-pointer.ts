/** An answer repeats no more of what was sent than this. */
const LONGEST = 256;

/**
 * A JSON pointer (RFC 6901). Where it would be too long it is the pointer of the nearest ancestor that fits: still a pointer, and
 * what is meant stands in there.
 */
export function pointerOf(steps: readonly PropertyKey[]): string {
  let pointer = '';
  for (const step of steps) {
    const longer = `${pointer}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (longer.length > LONGEST) break;
    pointer = longer;
  }
  return pointer;
}
