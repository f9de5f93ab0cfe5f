import { parentPort } from 'node:worker_threads';
import { FAULT_CODES, run } from './command/run.js';
import { serveRuns } from './threads.js';

const OLDEST_NODE = [20, 15] as const;

// The threads that check entries run this file, too. What fails in one of them reaches the main thread.
if (parentPort) serveRuns(parentPort);
else start();

/**
 * The program. Its exit codes 0 to 3 are verdicts, and only a verdict that was reached and written out ends with one: until
 * then, whatever happens, the code says that there is none. Node.js alone would end with 1, which means "does not hold".
 */
function start(): void {
  process.exitCode = FAULT_CODES.failed;
  process.on('uncaughtException', (error) => {
    void end(
      FAULT_CODES.failed,
      `vouchsafe-verify failed and gives no verdict on the bundle: ${describe(error)}`,
    );
  });
  if (isTooOld(process.versions.node)) {
    const wanted = `Node.js ${OLDEST_NODE.join('.')} or newer is needed`;
    void end(FAULT_CODES.failed, `vouchsafe-verify gives no verdict on the bundle: ${wanted}.`);
  } else {
    void main(process.argv.slice(2));
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { kind, code, out } = await run(args, new URL(import.meta.url));
  const fault = await write(kind === 'wrong-usage' ? process.stderr : process.stdout, out);
  if (!fault) process.exit(code);
  // Who closed the output, or filled the disk, may still read the other one.
  const words = `vouchsafe-verify could not write its verdict: ${describe(fault)}. It was (exit code ${code}):\n${out}`;
  await end(FAULT_CODES.notWritten, kind === 'verdict' ? words : out);
}

async function end(code: number, words: string): Promise<void> {
  await write(process.stderr, `${words}\n`);
  process.exit(code);
}

/** Answers with what went wrong. */
function write(stream: NodeJS.WriteStream, text: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    // A stream that fails also emits an error event, which would end the process without a listener.
    stream.on('error', resolve);
    stream.write(text, (error) => resolve(error ?? undefined));
  });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code === undefined ? (error.stack ?? error.message) : error.message;
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
}
