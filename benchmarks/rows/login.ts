import { hash, verify } from '@node-rs/argon2';
import { forSeconds, type Row } from '../harness.ts';
import { DURABLE } from '../postgres.ts';
import { load, openWholeSystem } from './whole-system.ts';

/** Hashes that identity allows at once, and the clients that keep them busy. */
const AT_ONCE = 2;
const CLIENTS = 8;

/** Log-ins by password through the gateway, beside nothing but the hash that each of them takes. */
export const row: Row = {
  run: async ({ compete, afterwards, seconds }) => {
    const system = await openWholeSystem();
    afterwards(() => system.close());
    const { email, password } = system.user;
    const stored = await hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    await compete({
      variant: '',
      conditions: {
        concurrency: `${CLIENTS} clients, ${AT_ONCE} hashes at once`,
        payload: 'argon2id m=19456 t=2 p=1',
        durability: `session and access-log entry: ${DURABLE}; the peer keeps none`,
      },
      ours: () =>
        load({
          url: `${system.url}/v1/sessions`,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password }),
          status: 201,
          connections: CLIENTS,
          seconds,
        }),
      peers: [
        {
          name: 'bare @node-rs/argon2 verify',
          atLeast: 0.95,
          run: () => forSeconds(seconds, AT_ONCE, () => verify(stored, password)),
        },
      ],
    });
  },
};
