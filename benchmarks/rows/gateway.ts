import { type Caller, INTERNAL_TOKEN_HEADER, InternalTokens, readPrivateKey } from '@vouchsafe/service-host';
import type { Row } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { startPeer } from '../programs.ts';
import { load, openWholeSystem, type WholeSystem } from './whole-system.ts';

const CONNECTIONS = 64;

/** One member read by a logged-in user through the gateway, its entry durable, beside a proxy that only passes on, to the same route. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds }) => {
    const system = await openWholeSystem();
    afterwards(() => system.close());
    const { email, password, userId } = system.user;
    const session = await system.ask('POST', '/v1/sessions', { email, password });
    const [cookie = ''] = session.headers.getSetCookie()[0]?.split(';') ?? [];
    const route = `/v1/members/${userId}`;
    const proxy = await startPeer('proxy.ts', system.service('identity').url);
    afterwards(proxy.stop);
    const asked = { method: 'GET', status: 200, connections: CONNECTIONS, seconds } as const;
    await compete({
      variant: '',
      conditions: {
        concurrency: `${CONNECTIONS} connections`,
        payload: 'one member',
        durability: `entry durable before the answer: ${DURABLE}; the peer keeps none`,
      },
      ours: () => load({ ...asked, url: system.url + route, headers: { cookie } }),
      peers: [
        {
          name: 'bare @fastify/http-proxy to the same route',
          atLeast: 0.5,
          run: async () =>
            load({
              ...asked,
              url: proxy.url + route,
              headers: { [INTERNAL_TOKEN_HEADER]: await tokenOf(system) },
            }),
        },
      ],
    });
  },
};

/** What the gateway would say of the caller: the proxy passes it on as it comes. */
async function tokenOf({ secrets, user }: WholeSystem): Promise<string> {
  const key = await readPrivateKey(secrets.privateKeyFile('gateway'));
  const who: Omit<Caller, 'traceparent'> = {
    organizationId: user.organizationId,
    actor: { type: 'user', id: user.userId },
    roles: ['owner'],
    permissions: ['members:read'],
    authenticationLevel: 'single-factor',
    ...{ sessionId: null, authenticatedAt: null, staffGrantId: null },
    ...{ requestId: 'bench', sourceIp: '127.0.0.1', userAgent: null },
  };
  return new InternalTokens('gateway', key, () => new Date()).sign('identity', who);
}
