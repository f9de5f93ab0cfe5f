import { generateSync } from 'otplib';

const STEP_MS = 30_000;

/**
 * An authenticator app (RFC 6238), by a library that the services do not use. The server takes the step before and the step after
 * this one, too, and each step once: so three codes can be given without waiting.
 */
export class Authenticator {
  private usedStep = 0;
  readonly secret: string;

  constructor(secret: string) {
    this.secret = secret;
  }

  /** A code that was not used yet; waits where all of the window is used up. */
  async freshCode(): Promise<string> {
    for (;;) {
      const now = Date.now();
      const step = Math.floor(now / STEP_MS);
      // The last step's code must not run out on its way to the server.
      const first = now % STEP_MS < STEP_MS - 10_000 ? step - 1 : step;
      const next = Math.max(first, this.usedStep + 1);
      if (next <= step + 1) {
        this.usedStep = next;
        return this.codeOf(next);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** The code that is taken the longest, a minute at most. */
  async lastingCode(): Promise<string> {
    this.usedStep = Math.floor(Date.now() / STEP_MS);
    return this.freshCode();
  }

  /** A code of six digits that is none of the window's. */
  wrongCode(): string {
    const step = Math.floor(Date.now() / STEP_MS);
    const right = new Set([-2, -1, 0, 1, 2].map((offset) => this.codeOf(step + offset)));
    for (let code = 0; ; code += 1) {
      const text = String(code).padStart(6, '0');
      if (!right.has(text)) return text;
    }
  }

  /** The code of a moment, in milliseconds since the epoch: for a system whose clock was moved. */
  codeAt(moment: number): string {
    return this.codeOf(Math.floor(moment / STEP_MS));
  }

  private codeOf(step: number): string {
    return generateSync({ secret: this.secret, epoch: (step * STEP_MS) / 1000 });
  }
}
