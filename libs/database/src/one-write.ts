import type { Duplex } from 'node:stream';

/**
 * What is given to a connection within one turn leaves in one write: `begin`, an organization's view and the first statement cost one
 * system call here and wake the server once, not three times. Nothing waits for it: the turn ends before anything else is read.
 */
export function inOneWrite(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...chunk: Parameters<Duplex['write']>) => boolean;
  let isHeld = false;
  stream.write = ((...chunk: Parameters<Duplex['write']>) => {
    if (!isHeld) {
      isHeld = true;
      stream.cork();
      process.nextTick(() => {
        isHeld = false;
        stream.uncork();
      });
    }
    return write(...chunk);
  }) as Duplex['write'];
}
