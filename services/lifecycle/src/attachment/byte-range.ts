import type { ByteRange } from '@vouchsafe/vault';

export interface Asked {
  /** The headers of these names. */
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/**
 * Which part of a file of `size` bytes is asked for (RFC 9110, section 14.2); null for all of it. A range that is not well-formed, several at
 * once, and a range under a condition (we give out no validator that could fulfil it) all ask for the whole.
 */
export function rangeOf({ range, ifRange }: Asked, size: number): ByteRange | 'unsatisfiable' | null {
  if (range === undefined || ifRange !== undefined) return null;
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(range.trim()) ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const wanted = Math.min(Number(last), size);
    return wanted === 0 ? 'unsatisfiable' : { start: size - wanted, end: size - 1 };
  }
  const [start, end] = [Number(first), last === '' ? size - 1 : Number(last)];
  if (last !== '' && end < start) return null;
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(end, size - 1) };
}
