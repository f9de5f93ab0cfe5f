import { Database } from '@vouchsafe/database';
import { type Bus, ConsumerTransport } from '@vouchsafe/messaging';
import {
  type BootOptions,
  bootService,
  BUS,
  Clock,
  CONFIG,
  fetchMissingFrom,
  InternalClient,
  type RunningService,
  type ServiceDefinition,
  topicOf,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { type AuditConfig, auditConfig } from './audit.config.js';
import { AuditModule } from './audit.module.js';
import { measure } from './measures.js';

export const auditService = {
  name: 'audit',
  title: 'Vouchsafe audit',
  config: auditConfig,
  module: (config) => AuditModule.with(config),
} satisfies ServiceDefinition<typeof auditConfig>;

/** The consumer group that all of its instances share. */
export const GROUP = 'audit';

/** The service over HTTP, and the consumer of what the others tell. */
export async function bootAudit(options: BootOptions = {}): Promise<RunningService> {
  const service = await bootService(auditService, options);
  const { app, logger } = service;
  const config = app.get<AuditConfig>(CONFIG);
  const clock = app.get(Clock);
  const transport = new ConsumerTransport({
    database: app.get(Database),
    vault: app.get(Vault),
    bus: app.get<Bus>(BUS),
    group: GROUP,
    topics: [topicOf('gateway'), topicOf('identity')],
    fetchMissing: fetchMissingFrom(app.get(InternalClient), {
      gateway: config.VOUCHSAFE_GATEWAY_URL,
      identity: config.VOUCHSAFE_IDENTITY_URL,
    }),
    now: () => clock.now(),
    maxBatch: BATCH,
    onError: (error) => logger.warn({ err: error }, 'Facts wait'),
  });
  app.connectMicroservice({ strategy: transport });
  await app.startAllMicroservices();
  measure(service, transport.running);
  return service;
}

/** Facts of one transaction: enough to share the cost of its statements and commit, few enough to die young in memory. */
const BATCH = 500;
