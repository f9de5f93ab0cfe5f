/** A process of its own that puts each webhook it gets into billing's inbox, unchecked, and nothing else. Prints its URL. */
import { fastify } from 'fastify';
import pg from 'pg';

interface Sent {
  readonly id: string;
  readonly type: string;
  readonly api_version: string;
  readonly created: number;
  readonly data: { readonly object: { readonly id: string } };
}

const pool = new pg.Pool({ connectionString: process.argv[2], max: 8 });
const server = fastify();
server.post<{ Body: Sent }>('/webhooks/stripe', async ({ body }, reply) => {
  await pool.query({
    name: 'insert',
    text: `insert into inbox (account, event_id, type, object_id, api_version, created_at, received_at, source)
           values ('peer', $1, $2, $3, $4, to_timestamp($5), clock_timestamp(), 'webhook')`,
    values: [body.id, body.type, body.data.object.id, body.api_version, body.created],
  });
  return reply.code(204).send();
});
process.stdout.write(`${await server.listen({ host: '127.0.0.1', port: 0 })}\n`);
