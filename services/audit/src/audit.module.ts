import path from 'node:path';
import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type Provider,
} from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { keepMonthsAhead } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  ErasureModule,
  FORGETTING,
  type HostConfig,
  LOGGER,
  passwordOf,
  PersistenceModule,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { type AuditConfig, logName, volumeLimits } from './audit.config.js';
import { auditPublishing } from './audit.publishing.js';
import { EntryController } from './entry/entry.controller.js';
import { ListEntries } from './entry/list-entries.js';
import { ProveEntry } from './entry/prove-entry.js';
import { RecordEntries } from './entry/record-entries.js';
import { VolumeLimits } from './entry/volume.js';
import { forgetPerson } from './erasure/forget-person.js';
import { ExportController } from './export/export.controller.js';
import { ExportFolder } from './export/export-folder.js';
import { ExportWorker } from './export/export-worker.js';
import { inExporterProcess } from './export/exporter-process.js';
import type { MakeBundle } from './export/lease.js';
import { type BundleMaking, makeBundle } from './export/make-bundle.js';
import { OpenBundle } from './export/open-bundle.js';
import { RequestExport } from './export/request-export.js';
import { CheckpointSigner } from './log/checkpoint-signer.js';
import { LogController } from './log/log.controller.js';
import { Recorder } from './log/record.js';
import { auditMigrations } from './persistence/migrations.js';
import { ReactionsController } from './reactions/reactions.controller.js';
import { CreateReader } from './reader/create-reader.js';
import { ReaderController } from './reader/reader.controller.js';

/** Starts what runs beside the requests. */
@Injectable()
class Workers implements OnApplicationBootstrap {
  constructor(
    private readonly signer: CheckpointSigner,
    private readonly exports: ExportWorker,
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
        onError: (error) => logger.warn({ err: error }, 'The next month has no partition yet; trying again'),
      }),
    );
    this.signer.start();
    this.background.add(this.signer);
    this.exports.start();
    this.background.add(this.exports);
  }
}

function exportFolder({ VOUCHSAFE_FILES_FOLDER }: AuditConfig): string {
  return path.join(VOUCHSAFE_FILES_FOLDER, 'exports');
}

/** In a process of its own, unless a test wants the service's clock to be the exporter's. */
function bundleMaker(
  config: AuditConfig & HostConfig,
  own: Pick<BundleMaking, 'database' | 'vault' | 'now' | 'folder'>,
): MakeBundle {
  const named = {
    operatorOrganizationId: config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
    manifestName: `${logName(config)}/exports`,
  };
  if (config.VOUCHSAFE_EXPORTER === 'service')
    return (job, signal) => makeBundle(job, { ...own, ...named }, signal);
  return inExporterProcess({
    ...{ ...named, folder: own.folder },
    databaseUrl: config.VOUCHSAFE_DATABASE_URL,
    passwords: { request: passwordOf(config, 'request'), worker: passwordOf(config, 'worker') },
    kekFile: config.VOUCHSAFE_KEK_FILE,
    environment: config.VOUCHSAFE_ENVIRONMENT,
    keyCacheMs: config.VOUCHSAFE_KEY_CACHE_MS,
  });
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
        ErasureModule.for({
          operatorOrganizationId: config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
          tombstoneFile: config.VOUCHSAFE_TOMBSTONE_FILE,
        }),
      ],
      controllers: [EntryController, ExportController, LogController, ReaderController, ReactionsController],
      providers: [
        ...[RecordEntries, ListEntries, ProveEntry, RequestExport, OpenBundle, CreateReader],
        ...[...recording(config), ...exporting(config), forgetting(config), Workers],
      ],
    };
  }
}

/** What takes entries in and signs the log over them. */
function recording(config: AuditConfig & HostConfig): Provider[] {
  return [
    {
      provide: CheckpointSigner,
      inject: [Database, Vault, Clock, LOGGER],
      useFactory: (database: Database, vault: Vault, clock: Clock, logger: ServiceLogger) =>
        new CheckpointSigner({
          database,
          vault,
          now: () => clock.now(),
          onError: (error) => logger.error({ err: error }, 'Checkpoints were not signed; trying again'),
        }),
    },
    {
      provide: Recorder,
      inject: [Vault, CheckpointSigner, Clock],
      useFactory: (vault: Vault, signer: CheckpointSigner, clock: Clock) =>
        new Recorder({
          vault,
          originName: logName(config),
          now: () => clock.now(),
          onRecorded: () => signer.wake(),
        }),
    },
    {
      provide: VolumeLimits,
      inject: [Database, Clock],
      useFactory: (database: Database, clock: Clock) =>
        new VolumeLimits(database, volumeLimits(config), () => clock.now()),
    },
  ];
}

/** What makes bundles and keeps them until they expire. */
function exporting(config: AuditConfig & HostConfig): Provider[] {
  return [
    {
      provide: ExportFolder,
      useFactory: () => new ExportFolder(exportFolder(config)),
    },
    {
      provide: ExportWorker,
      inject: [Database, Vault, CheckpointSigner, ExportFolder, Clock, LOGGER],
      useFactory: (
        database: Database,
        vault: Vault,
        signer: CheckpointSigner,
        folder: ExportFolder,
        clock: Clock,
        logger: ServiceLogger,
      ) =>
        new ExportWorker({
          ...{ database, signer, folder: folder.path },
          now: () => clock.now(),
          make: bundleMaker(config, { database, vault, now: () => clock.now(), folder: folder.path }),
          onError: (error) => logger.error({ err: error }, 'An export was not made; it is tried again'),
        }),
    },
  ];
}

function forgetting(config: AuditConfig): Provider {
  return {
    provide: FORGETTING,
    inject: [Database],
    useFactory: (database: Database) => forgetPerson(database, exportFolder(config)),
  };
}
