import { generateSync } from 'otplib';

const STEP_SECONDS = 30;

/** What an authenticator app does with the secret that it was shown (RFC 6238). */
export class Authenticator {
  private readonly secret: string;
  private usedStep = 0;

  constructor(secret: string) {
    this.secret = secret;
  }

  /** The code of this moment, used or not. */
  code(): string {
    return generateSync({ secret: this.secret });
  }

  /** A code of a step that was not used yet: the server takes each step once. */
  async freshCode(onWait: (seconds: number) => void): Promise<string> {
    const now = Date.now() / 1000;
    const wait = (this.usedStep + 1) * STEP_SECONDS - now;
    if (wait > 0) {
      onWait(Math.ceil(wait));
      await new Promise((resolve) => setTimeout(resolve, wait * 1000 + 200));
    }
    this.usedStep = Math.floor(Date.now() / 1000 / STEP_SECONDS);
    return this.code();
  }
}
