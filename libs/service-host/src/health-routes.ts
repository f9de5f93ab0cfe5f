import type { FastifyInstance } from 'fastify';
import type { Readiness } from './health.js';
import type { Metrics } from './metrics.js';

/** `/health/live` asks nobody; `/health/ready` asks what the service depends on; `/metrics` in Prometheus's text form. */
export function addHealthRoutes(fastify: FastifyInstance, readiness: Readiness, metrics: Metrics): void {
  fastify.get('/health/live', (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'alive' }),
  );
  fastify.get('/health/ready', async (_request, reply) => {
    const { ready, checks } = await readiness.read();
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ready' : 'not-ready', checks });
  });
  fastify.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
