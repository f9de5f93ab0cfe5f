import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Database, type DatabaseRole } from '@vouchsafe/database';
import { Clock, type HostConfig, LOGGER, Readiness, type ServiceLogger } from '@vouchsafe/service-host';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { type AuditConfig, logName } from './audit.config.js';
import { EntryController } from './entry/entry.controller.js';
import { CheckpointSigner } from './log/checkpoint-signer.js';
import { Recorder } from './log/record.js';
import { auditDatabaseMigrations } from './persistence/index.js';

type Config = AuditConfig & HostConfig;

/** Starts what runs beside the requests, and ends it after them. */
@Injectable()
class AuditWorkers implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CheckpointSigner) private readonly signer: CheckpointSigner,
    @Inject(Readiness) readiness: Readiness,
  ) {
    readiness.add('database', () => database.beforeOrganization((sql) => sql.query('select 1')));
  }

  onApplicationBootstrap(): void {
    this.signer.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.signer.stop();
    await this.database.close();
  }
}

@Module({})
export class AuditModule {
  static with(config: Config): DynamicModule {
    return {
      module: AuditModule,
      controllers: [EntryController],
      providers: [
        { provide: Database, useFactory: () => openDatabase(config) },
        {
          provide: Vault,
          inject: [Clock],
          useFactory: async (clock: Clock) =>
            new Vault({
              provider: await localKeyProvider(config.VOUCHSAFE_KEK_FILE, { create: true }),
              environment: config.VOUCHSAFE_ENVIRONMENT,
              now: () => clock.now(),
            }),
        },
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
        AuditWorkers,
      ],
    };
  }
}

async function openDatabase(config: Config): Promise<Database> {
  const passwords: Record<DatabaseRole, string> = {
    migrator: config.VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR,
    request: config.VOUCHSAFE_DATABASE_PASSWORD_REQUEST,
    worker: config.VOUCHSAFE_DATABASE_PASSWORD_WORKER,
    retention: config.VOUCHSAFE_DATABASE_PASSWORD_RETENTION,
  };
  const database = new Database({
    service: 'audit',
    url: config.VOUCHSAFE_DATABASE_URL,
    password: (role) => passwords[role],
  });
  await database.migrate(auditDatabaseMigrations);
  return database;
}
