/** A process of its own that asks one question over and over, as fast as it is answered; prints what came of it as JSON. */
import { createHmac, randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { forSeconds } from './harness.ts';

export interface Load {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** In place of a body: an event of Stripe with a new id each time, about these objects in turn, signed as Stripe signs. */
  readonly signed?: { readonly secret: string; readonly event: string; readonly objects: readonly string[] };
  /** Any other status is an error. */
  readonly status: number;
  readonly connections: number;
  readonly seconds: number;
}

const asked = JSON.parse(process.argv[2] ?? '') as Load;
const { url, method, status, connections, seconds, signed } = asked;
const { origin, pathname } = new URL(url);
const run = randomUUID().replaceAll('-', '');
const pool = new Pool(origin, { connections, pipelining: 1 });
const measured = await forSeconds(seconds, connections, async (nth) => {
  const { headers, body } = signed ? eventOf(signed, nth) : asked;
  const sent = { headers: { ...asked.headers, ...headers }, ...(body && { body }) };
  const answer = await pool.request({ path: pathname, method, ...sent });
  const text = await answer.body.text();
  if (answer.statusCode !== status)
    throw new Error(`${method} ${pathname} -> ${answer.statusCode} ${text.slice(0, 200)}`);
});
await pool.close();
process.stdout.write(JSON.stringify(measured));

function eventOf(
  { secret, event, objects }: NonNullable<Load['signed']>,
  nth: number,
): Required<Pick<Load, 'headers' | 'body'>> {
  const [first = ''] = objects;
  const body = event
    .replace(/"evt_\w+"/, `"evt_${run}${nth}"`)
    .replaceAll(first, objects[nth % objects.length] ?? first);
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return { body, headers: { 'stripe-signature': `t=${time},v1=${signature}` } };
}
