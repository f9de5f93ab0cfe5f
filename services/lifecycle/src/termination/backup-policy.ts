import type { FactoryProvider } from '@nestjs/common';
import { CONFIG, ConfigError } from '@vouchsafe/service-host';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { type BackupPolicy, faultOf } from './plan.js';

/** Injection token of `BackupPolicy`. */
export const BACKUP_POLICY = Symbol('backup policy');

/** @throws ConfigError for one under which P31 cannot be kept */
function backupPolicy(config: LifecycleConfig): BackupPolicy {
  const policy = {
    keptDays: config.VOUCHSAFE_BACKUPS_KEPT_DAYS,
    intervalDays: config.VOUCHSAFE_BACKUP_INTERVAL_DAYS,
  };
  const fault = faultOf(policy);
  if (fault !== null) throw new ConfigError(`Wrong configuration:\n  VOUCHSAFE_BACKUPS_KEPT_DAYS: ${fault}`);
  return policy;
}

export const backupPolicyProvider: FactoryProvider<BackupPolicy> = {
  provide: BACKUP_POLICY,
  useFactory: backupPolicy,
  inject: [CONFIG],
};
