/** A process of its own that asks one question over and over, as fast as it is answered; prints what came of it as JSON. */
import { Pool } from 'undici';
import { forSeconds } from './harness.ts';

export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Any other status is an error. */
  readonly status: number;
  readonly connections: number;
  readonly seconds: number;
}

const { url, method, headers, body, status, connections, seconds } = JSON.parse(
  process.argv[2] ?? '',
) as Load;
const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections, pipelining: 1 });
const measured = await forSeconds(seconds, connections, async () => {
  const answer = await pool.request({ path: pathname, method, headers, ...(body && { body }) });
  const text = await answer.body.text();
  if (answer.statusCode !== status)
    throw new Error(`${method} ${pathname} -> ${answer.statusCode} ${text.slice(0, 200)}`);
});
await pool.close();
process.stdout.write(JSON.stringify(measured));
