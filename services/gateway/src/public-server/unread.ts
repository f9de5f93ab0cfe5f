import type { IncomingMessage } from 'node:http';

/**
 * The answer has left before the whole body came, a refusal as a rule. What is still to come is let in, so that the sender reads the
 * answer, but not for longer than a body may take.
 */
export function closeUnread(request: IncomingMessage, milliseconds: number): void {
  if (request.complete || request.destroyed) return;
  const late = setTimeout(() => request.destroy(), milliseconds);
  late.unref();
  for (const end of ['end', 'close']) request.once(end, () => clearTimeout(late));
}
