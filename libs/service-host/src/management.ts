import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HostConfig } from './config.js';
import type { Readiness } from './health.js';
import type { Metrics } from './metrics.js';

/** `/health/live` asks nobody; `/health/ready` asks what the service depends on. `/metrics` where `metrics` is given. */
export function addHealthRoutes(
  fastify: FastifyInstance,
  readiness: Readiness,
  metrics: Metrics | null,
): void {
  const answer = answers(readiness, metrics);
  for (const url of ['/health/live', '/health/ready', ...(metrics ? ['/metrics'] : [])]) {
    fastify.get(url, async (_request, reply) => {
      const { status, type, body } = await answer(url);
      return reply.code(status).header('cache-control', 'no-store').type(type).send(body);
    });
  }
}

export interface Management {
  readonly url: string;
  close(): void;
}

/** The same and the metrics on a port of their own, which no route from outside leads to. */
export async function startManagement(
  config: HostConfig,
  metrics: Metrics,
  readiness: Readiness,
): Promise<Management | null> {
  if (config.VOUCHSAFE_MANAGEMENT_PORT === undefined) return null;
  const answer = answers(readiness, metrics);
  const server = createServer((request, response) => {
    void answer(request.url ?? '').then(({ status, type, body }) =>
      response.writeHead(status, { 'content-type': type }).end(body),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.VOUCHSAFE_MANAGEMENT_PORT, config.VOUCHSAFE_HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${config.VOUCHSAFE_HOST}:${port}`, close: () => server.close() };
}

function answers(readiness: Readiness, metrics: Metrics | null) {
  return async (url: string): Promise<{ status: number; type: string; body: string }> => {
    if (url === '/health/live') return json(200, { status: 'alive' });
    if (url === '/health/ready') {
      const { ready, checks } = await readiness.read();
      return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not-ready', checks });
    }
    if (url === '/metrics' && metrics) {
      return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
    }
    return json(404, {});
  };
}

function json(status: number, body: object) {
  return { status, type: 'application/json', body: JSON.stringify(body) };
}
