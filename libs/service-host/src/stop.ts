import type { INestApplication } from '@nestjs/common';
import type { Readiness } from './health.js';
import type { ServiceLogger } from './logging.js';

interface Stopping {
  readonly app: INestApplication;
  readonly readiness: Readiness;
  readonly logger: ServiceLogger;
  readonly seconds: number;
}

/**
 * Drain, finish, leave: not ready any more; no new connections; requests in flight end; then the modules'
 * `onApplicationShutdown` closes pools and leaves groups. (`onModuleDestroy` comes before requests have ended: don't
 * close there what requests need.)
 */
export function stopOnce({ app, readiness, logger }: Stopping): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= (async () => {
      readiness.stop();
      await app.close();
      logger.info('Stopped');
      logger.flush();
    })();
    return stopped;
  };
}

export function stopOnSignals(
  stop: () => Promise<void>,
  { logger, seconds }: Pick<Stopping, 'logger' | 'seconds'>,
): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'Stopping');
      // What does not end in time is cut: the access log and the stores are made for that.
      setTimeout(() => process.exit(1), seconds * 1000).unref();
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'Stop failed');
          process.exit(1);
        },
      );
    });
  }
}
