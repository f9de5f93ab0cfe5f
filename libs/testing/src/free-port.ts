import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below every usual range of ephemeral ports (Linux 32768, IANA 49152): a server that is killed and started again finds its
 * port free, where an ephemeral one may by then be some client's end of a connection.
 */
const RANGE = { first: 20_000, end: 32_000 } as const;
const ATTEMPTS = 100;

const givenOut = new Set<number>();

/** A TCP port of the loopback address that nobody listens on, and that this process has not been given before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(RANGE.first, RANGE.end);
    if (givenOut.has(port) || !(await isFree(port))) continue;
    givenOut.add(port);
    return port;
  }
  throw new Error(`No free port between ${RANGE.first} and ${RANGE.end} in ${ATTEMPTS} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
