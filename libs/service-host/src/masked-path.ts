/**
 * What in a path may be a secret of its own (an auditor's reader id, a log-in's challenge): longer than any id of ours, and random
 * to look at.
 */
const SECRET_SEGMENT = /^[A-Za-z0-9_-]{40,}$/;

/** A path fit for logs and traces: whatever may be a secret in it is masked (P22). */
export function maskedPath(path: string): string {
  return path
    .split('/')
    .map((segment) => (SECRET_SEGMENT.test(segment) ? '***' : segment))
    .join('/');
}
