import { problem } from './problems.js';

/** The strong ETag of a resource at a version: `"7"`. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version that a change must find, out of `If-Match` (RFC 9110 section 13.1.1). Where two people may edit, the header is
 * demanded: without it 428, with another version 412.
 */
export function assertIfMatch(ifMatch: string | undefined, currentVersion: number): void {
  if (ifMatch === undefined) throw problem('precondition-required');
  if (ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(currentVersion))) throw problem('precondition-failed');
}
