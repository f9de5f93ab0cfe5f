import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';

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
