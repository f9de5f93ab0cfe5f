import { type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { keepMonthsAhead } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  DATA_STORES,
  DataStoresModule,
  type HostConfig,
  LOGGER,
  PersistenceModule,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import type { AuditConfig } from './audit.config.js';
import { auditPublishing } from './audit.publishing.js';
import { AuditReturned } from './audit.returned.js';
import { auditStores } from './audit.stores.js';
import { EntryController } from './entry/entry.controller.js';
import { ListEntriesOfPerson } from './entry/list-entries-of-person.js';
import { ListEntries } from './entry/list-entries.js';
import { ProofsController } from './entry/proofs.controller.js';
import { ProveEntry } from './entry/prove-entry.js';
import { RecordEntries } from './entry/record-entries.js';
import { VolumeLimits } from './entry/volume.js';
import { RemoveLog } from './erasure/remove-log.js';
import { RemovePerson } from './erasure/remove-person.js';
import { BundleMaker } from './export/bundle-maker.js';
import { ExportController } from './export/export.controller.js';
import { ExportFolder } from './export/export-folder.js';
import { ExportWorker } from './export/export-worker.js';
import { OpenBundle } from './export/open-bundle.js';
import { RemoveBundles } from './export/remove-bundles.js';
import { RequestExport } from './export/request-export.js';
import { CheckpointSigner } from './log/checkpoint-signer.js';
import { LogController } from './log/log.controller.js';
import { OpenLog } from './log/open-log.js';
import { Recorder } from './log/record.js';
import { auditMigrations } from './persistence/migrations.js';
import { ReactionsController } from './reactions/reactions.controller.js';
import { ExpiringEntries } from './retention/expiring-entries.js';
import { FollowRetention } from './retention/follow-retention.js';
import { CreateReader } from './reader/create-reader.js';
import { ReaderController } from './reader/reader.controller.js';

/** Starts what runs beside the requests. */
@Injectable()
class Workers implements OnApplicationBootstrap {
  constructor(
    private readonly signer: CheckpointSigner,
    private readonly exports: ExportWorker,
    private readonly retention: FollowRetention,
    private readonly background: Background,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  onApplicationBootstrap(): void {
    const { database, clock, logger } = this;
    this.background.add(
      keepMonthsAhead({
        database,
        ensure: 'ensure_entry_month',
        now: () => clock.now(),
        onError: (error) =>
          logger.warn({ err: error }, 'The partition for next month could not be created; retrying'),
      }),
    );
    this.signer.start();
    this.background.add(this.signer);
    this.exports.start();
    this.background.add(this.exports);
    this.retention.start();
    this.background.add(this.retention);
  }
}

@Module({})
export class AuditModule {
  static with(config: AuditConfig & HostConfig): DynamicModule {
    return {
      module: AuditModule,
      imports: [
        PersistenceModule.for({
          service: 'audit',
          config,
          migrations: auditMigrations,
          publishing: auditPublishing,
        }),
        DataStoresModule.for(config),
      ],
      controllers: [
        ...[EntryController, ExportController, LogController, ReaderController, ReactionsController],
        ProofsController,
      ],
      providers: [
        ListEntriesOfPerson,
        ...[RecordEntries, ListEntries, ProveEntry, RequestExport, OpenBundle, CreateReader, OpenLog],
        ...[Recorder, CheckpointSigner, VolumeLimits, ExportFolder, BundleMaker, ExportWorker],
        ...[RemovePerson, RemoveLog, RemoveBundles, FollowRetention, ExpiringEntries, AuditReturned],
        {
          provide: DATA_STORES,
          useFactory: auditStores,
          inject: [Database, RemovePerson, RemoveLog, RemoveBundles, AuditReturned, ExpiringEntries],
        },
        Workers,
      ],
    };
  }
}
