import { Injectable } from '@nestjs/common';

/** What must work before this instance takes requests; each check rejects, or runs out of time, when it does not. */
@Injectable()
export class Readiness {
  private readonly checks = new Map<string, () => Promise<unknown>>();
  private stopping = false;

  /** @param check must not have effects; it runs at each question, with 2 s to answer */
  add(name: string, check: () => Promise<unknown>): void {
    this.checks.set(name, check);
  }

  /** From now on the instance is not ready: the balancer takes it out while it still answers. */
  stop(): void {
    this.stopping = true;
  }

  async read(): Promise<{ ready: boolean; checks: Record<string, 'ok' | 'failed'> }> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await outcomeOf(check)] as const),
    );
    const failed = results.some(([, outcome]) => outcome === 'failed');
    return { ready: !failed && !this.stopping, checks: Object.fromEntries(results) };
  }
}

const CHECK_MS = 2000;

async function outcomeOf(check: () => Promise<unknown>): Promise<'ok' | 'failed'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too slow')), CHECK_MS);
  });
  try {
    await Promise.race([check(), late]);
    return 'ok';
  } catch {
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}
