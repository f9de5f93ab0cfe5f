import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { Clock, CONFIG, type HostConfig, passwordOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { type AuditConfig, logName } from '../audit.config.js';
import { ExportFolder } from './export-folder.js';
import { inExporterProcess } from './exporter-process.js';
import type { MakeBundle } from './lease.js';
import { makeBundle } from './make-bundle.js';

/** Makes bundles in a process of their own, unless a test wants the service's clock to be the exporter's. */
@Injectable()
export class BundleMaker {
  readonly make: MakeBundle;

  constructor(
    database: Database,
    vault: Vault,
    clock: Clock,
    { path: folder }: ExportFolder,
    @Inject(CONFIG) config: AuditConfig & HostConfig,
  ) {
    const making = {
      folder,
      operatorOrganizationId: config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
      manifestName: `${logName(config)}/exports`,
    };
    this.make =
      config.VOUCHSAFE_EXPORTER === 'service'
        ? (job, signal) => makeBundle(job, { ...making, database, vault, now: () => clock.now() }, signal)
        : inExporterProcess({
            ...making,
            databaseUrl: config.VOUCHSAFE_DATABASE_URL,
            passwords: { request: passwordOf(config, 'request'), worker: passwordOf(config, 'worker') },
            kekFile: config.VOUCHSAFE_KEK_FILE,
            environment: config.VOUCHSAFE_ENVIRONMENT,
            keyCacheMs: config.VOUCHSAFE_KEY_CACHE_MS,
          });
  }
}
