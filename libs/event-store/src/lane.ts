import { createHash } from 'node:crypto';
import { LANES } from './migrations.js';

/** The lane of a key: SHA-256's first byte by 64, the same in every service and for ever. */
export function laneOf(key: string): number {
  return (createHash('sha256').update(key).digest()[0] ?? 0) % LANES;
}
