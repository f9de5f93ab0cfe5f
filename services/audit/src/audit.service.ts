import {
  type BootOptions,
  bootService,
  consume,
  type RunningService,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { auditConfig } from './audit.config.js';
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
  const consumer = await consume('audit', service, { group: GROUP, maxBatch: BATCH });
  measure(service, consumer);
  return service;
}

/** Facts of one transaction: enough to share the cost of its statements and commit, few enough to die young in memory. */
const BATCH = 1000;
