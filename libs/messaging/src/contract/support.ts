import { setTimeout as sleep } from 'node:timers/promises';

/** The bus's own login on a suite's Postgres. */
export function busUrl(adminUrl: string): string {
  const url = new URL(adminUrl);
  url.username = 'bus_worker';
  url.pathname = '/bus';
  return url.href;
}

export async function eventually(check: () => Promise<boolean> | boolean, withinMs = 20_000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > until) throw new Error('It did not come true');
    await sleep(5);
  }
}
