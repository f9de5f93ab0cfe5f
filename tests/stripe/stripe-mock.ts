import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { goModule, goProgram } from '@vouchsafe/testing';
import { type Description, readDescription } from './description.ts';

/** Stripe's own: a server that knows the form of each request and answer, and nothing of what happened before. */
const STRIPE_MOCK = 'github.com/stripe/stripe-mock@v0.203.0';

export interface StripeMock {
  readonly url: string;
  /** What it goes by. */
  readonly description: Description;
  stop(): void;
}

export async function startStripeMock(): Promise<StripeMock> {
  const program = goProgram(STRIPE_MOCK);
  // Its HTTPS has a fixed port where nothing is said, which several suites would want.
  const child = spawn(program, ['-http-addr', '127.0.0.1:0', '-https-addr', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const description = await readDescription(goModule(STRIPE_MOCK));
  for await (const line of createInterface(child.stdout)) {
    const [, address] = /Listening for HTTP at address: (\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    // It says more, which must go somewhere.
    child.stdout.resume();
    return { url: `http://${address}`, description, stop: () => void child.kill() };
  }
  throw new Error('stripe-mock ended before it listened');
}
