import type { ServiceDefinition } from '@vouchsafe/service-host';
import { auditConfig } from './audit.config.js';
import { AuditModule } from './audit.module.js';

export const auditService = {
  name: 'audit',
  title: 'Vouchsafe audit',
  config: auditConfig,
  module: (config) => AuditModule.with(config),
} satisfies ServiceDefinition<typeof auditConfig>;
