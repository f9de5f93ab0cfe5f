import { randomUUID } from 'node:crypto';
import { Database } from '@vouchsafe/database';
import { EventStore, keepMonthsAhead, makeMonthsAhead } from '@vouchsafe/event-store';
import {
  Clock,
  CONFIG,
  InternalClient,
  InternalTokens,
  type HostConfig,
  type RunningService,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { Counter, Gauge } from 'prom-client';
import { Agent } from 'undici';
import { AccessLog } from './access-log/access-log.js';
import { startLease } from './access-log/instance-lease.js';
import type { Door, Unrecorded } from './door/door.js';
import { RateLimits } from './door/rate-limits.js';
import type { GatewayConfig } from './gateway.config.js';
import { RouteIndex } from './routes/route-index.js';
import type { UpstreamService } from './routes/service-document.js';
import { ensureSessionKeys, readSessionKeys } from './session/session-keys.js';
import { whoCalls } from './session/who-calls.js';

export interface OpenDoor {
  readonly door: Door;
  /** After the last answer has left: writes what is left to write, gives the lease back. */
  close(): Promise<void>;
}

/** Makes what stands at the door, out of the inside that already runs. */
export async function openDoor(
  inside: RunningService,
  services: readonly UpstreamService[],
): Promise<OpenDoor> {
  const { app, logger, metrics } = inside;
  const config = app.get<GatewayConfig & HostConfig>(CONFIG);
  const [database, clock, client, store] = [
    app.get(Database),
    app.get(Clock),
    app.get(InternalClient),
    app.get(EventStore),
  ];
  const months = {
    database,
    ensure: 'ensure_access_log_month',
    now: () => clock.now(),
    onError: (error: unknown) =>
      logger.warn({ err: error }, 'A month of the access log has no partition yet; trying again'),
  };
  // Before the first entry; one that comes all the same stands among the other streams, and is read like any.
  await makeMonthsAhead(months).catch(months.onError);
  const monthsAhead = keepMonthsAhead(months);
  const instanceId = randomUUID();
  const accessLog = new AccessLog({
    database,
    vault: app.get(Vault),
    instanceId,
    now: () => clock.now(),
    patience: config.VOUCHSAFE_ACCESS_LOG_PATIENCE_MS,
    onError: (error) => logger.error({ err: error }, 'Access-log entries wait'),
    onWritten: atMostEvery(RELAY_MS, () => store.appended()),
  });
  const lease = await startLease({
    database,
    instanceId,
    lasts: config.VOUCHSAFE_INSTANCE_LEASE_MS,
    onDead: () => accessLog.closeTheDead(),
    onError: (error) => logger.error({ err: error }, 'The lease was not renewed'),
  });
  if (config.VOUCHSAFE_ENVIRONMENT !== 'production')
    await ensureSessionKeys(config.VOUCHSAFE_SESSION_KEY_FILE);
  const upstream = new Agent({ connections: 256, pipelining: 1, keepAliveTimeout: 30_000 });
  const door: Door = {
    instanceId,
    operatorOrganizationId: config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
    accessLog,
    routes: new RouteIndex(services),
    rateLimits: new RateLimits(config),
    sessionKeys: await readSessionKeys(config.VOUCHSAFE_SESSION_KEY_FILE),
    whoCalls: whoCalls(client, config.VOUCHSAFE_IDENTITY_URL),
    tokens: app.get(InternalTokens),
    upstream,
    allowedOrigins: new Set([
      new URL(config.VOUCHSAFE_PUBLIC_URL).origin,
      ...config.VOUCHSAFE_ALLOWED_ORIGINS,
    ]),
    trustedHops: config.VOUCHSAFE_TRUSTED_HOPS,
    bodyLimit: config.VOUCHSAFE_BODY_LIMIT,
    upstreamTimeout: config.VOUCHSAFE_UPSTREAM_TIMEOUT_MS,
    now: () => clock.now(),
    count: unrecordedCounter(metrics.registry, accessLog),
  };
  return {
    door,
    close: async () => {
      await accessLog.idle();
      await monthsAhead.stop();
      await lease.end();
      await upstream.close();
    },
  };
}

/** The relay works best in pages: woken for every batch of a few entries it would cost more than the requests themselves. */
const RELAY_MS = 100;

function atMostEvery(milliseconds: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | null = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds).unref();
  };
}

function unrecordedCounter(registry: RunningService['metrics']['registry'], accessLog: AccessLog) {
  const counter = new Counter({
    name: 'gateway_unrecorded_total',
    help: 'Answers held back with 503, and ends not written, because the access log could not be written',
    labelNames: ['what'],
    registers: [registry],
  });
  for (const what of ['unavailable', 'outcome-unknown', 'stream-end', 'abandoned'] satisfies Unrecorded[]) {
    counter.inc({ what }, 0);
  }
  new Gauge({
    name: 'gateway_access_log_waiting',
    help: 'Entries that are not durable yet',
    registers: [registry],
    collect() {
      this.set(accessLog.waiting);
    },
  });
  return (what: Unrecorded) => counter.inc({ what });
}
