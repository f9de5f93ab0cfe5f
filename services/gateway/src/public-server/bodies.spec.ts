import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bootGateway, type RunningGateway } from '../gateway.service.js';
import { type GatewaySuite, gatewaySuite } from '../testing/gateway-suite.js';

let suite: GatewaySuite;
let gateway: RunningGateway;

beforeAll(async () => {
  suite = await gatewaySuite();
  gateway = await bootGateway({
    env: {
      ...suite.env,
      VOUCHSAFE_BODY_TIMEOUT_MS: '4000',
      VOUCHSAFE_RATE_PER_ADDRESS: '100000/60',
      VOUCHSAFE_RATE_PUBLIC_CHANGES: '100000/60',
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await suite.stop();
});

const signature = `t=1764396000,v1=${'0a'.repeat(32)}`;

interface Sender {
  readonly socket: Socket;
  /** All that came back, when the connection has ended. */
  readonly answer: Promise<string>;
}

/** A request whose body has begun. */
async function begin(bytes: number, beginning: string): Promise<Sender> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  socket.write(
    `POST /webhooks/fake HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n` +
      `stripe-signature: ${signature}\r\ncontent-length: ${bytes}\r\n\r\n${beginning}`,
  );
  return { socket, answer };
}

async function send(body: string): Promise<number> {
  const answer = await fetch(`${gateway.url}/webhooks/fake`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}

describe('bodies', () => {
  it('that crawl keep nobody else waiting, and are refused when their time is over', async () => {
    // More than there are connections to a service.
    const crawling = await Promise.all(Array.from({ length: 300 }, () => begin(1000, '{')));
    const reached = suite.services.world.signed.length;
    const first = await Promise.race([
      send('{}'),
      ...crawling.map(({ answer }) => answer.then(() => 'a slow one was answered first')),
    ]);
    expect(first).toBe(204);
    const answers = await Promise.all(crawling.map(({ answer }) => answer));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 .*"code":"request-timeout"/s);
    // Nothing of them came to the service.
    expect(suite.services.world.signed).toHaveLength(reached + 1);
  });

  it('that arrive together are bounded for each address, and those that come later are taken', async () => {
    // Nine of the largest that the suite allows; eight may arrive at once.
    const large = await Promise.all(Array.from({ length: 9 }, () => begin(20_000, 'x'.repeat(19_999))));
    const refused = await Promise.race(large.map(({ answer }) => answer));
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*"code":"unavailable"/s);
    for (const { socket } of large) socket.destroy();
    await expect(Promise.all(large.map(({ answer }) => answer))).resolves.toHaveLength(9);
    expect(await send('x'.repeat(20_000))).toBe(204);
  });
});
