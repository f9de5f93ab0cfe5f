import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type Provider,
} from '@nestjs/common';
import { Database, type EntitySchemas, type SqlMigration } from '@vouchsafe/database';
import {
  EventStore,
  eventStoreMigrations,
  type Publishing,
  relayAge,
  startRelay,
} from '@vouchsafe/event-store';
import { type Bus, consumerMigrations, publishTo } from '@vouchsafe/messaging';
import { localKeyProvider, Vault, vaultMigrations } from '@vouchsafe/vault';
import { Gauge } from 'prom-client';
import { LOGGER } from '../boot.js';
import { Clock } from '../clock.js';
import type { HostConfig } from '../config.js';
import { dataStoreMigrations } from '../data-stores/migrations.js';
import { Readiness } from '../health.js';
import { deleteOldIdempotencyKeys, idempotencyMigrations } from '../idempotency.js';
import type { ServiceLogger } from '../logging.js';
import { Metrics } from '../metrics.js';
import { Background } from './background.js';
import { openBus, topicKeeper } from './bus.js';
import { LanesController, PUBLISHING } from './lanes.js';
import { passwordOf, type PersistenceConfig } from './persistence.config.js';
import { topicOf } from './topics.js';
import { keepTransitKeysYoung, TransitKeysController } from './transit-keys.js';

/** Injection token of the bus. */
export const BUS = Symbol('bus');

export interface PersistenceOptions {
  /** Name of the service: its database, its topic, the prefix of its roles. */
  readonly service: string;
  readonly config: PersistenceConfig & Pick<HostConfig, 'VOUCHSAFE_ENVIRONMENT'>;
  /** The service's own steps; those of the libraries below come first. */
  readonly migrations: readonly SqlMigration[];
  /** Its tables that are read and written as entities. */
  readonly entities?: EntitySchemas;
  /** One for each event catalog of the service, private ones too. */
  readonly publishing: readonly Publishing[];
}

/** What every service with a database needs below it, in the order of the libraries. */
export function withSharedMigrations(migrations: readonly SqlMigration[]): readonly SqlMigration[] {
  return [
    ...vaultMigrations,
    ...eventStoreMigrations,
    ...consumerMigrations,
    ...idempotencyMigrations,
    ...dataStoreMigrations,
    ...migrations,
  ];
}

/** Gives a service its `Database`, `Vault`, `EventStore` and `BUS`, and runs its relay. */
@Module({})
export class PersistenceModule {
  static for(options: PersistenceOptions): DynamicModule {
    return {
      module: PersistenceModule,
      global: true,
      controllers: [LanesController, TransitKeysController],
      providers: [
        { provide: PUBLISHING, useValue: options.publishing },
        databaseProvider(options),
        vaultProvider(options),
        {
          provide: EventStore,
          useFactory: (database: Database, vault: Vault) => new EventStore({ database, vault }),
          inject: [Database, Vault],
        },
        busProvider(options),
        Background,
        RunningRelay,
        Housekeeping,
      ],
      exports: [Database, Vault, EventStore, BUS, Background, PUBLISHING],
    };
  }
}

function databaseProvider({ service, config, migrations, entities = [] }: PersistenceOptions): Provider {
  return {
    provide: Database,
    useFactory: async (readiness: Readiness, background: Background) => {
      const database = new Database({
        service,
        url: config.VOUCHSAFE_DATABASE_URL,
        password: (role) => passwordOf(config, role),
        entities,
        poolSize: config.VOUCHSAFE_DATABASE_POOL,
      });
      if (config.VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR)
        await database.migrate(withSharedMigrations(migrations));
      readiness.add('database', () => database.asWorker((sql) => sql.query('select 1')));
      background.add({ stop: () => database.close() });
      return database;
    },
    inject: [Readiness, Background],
  };
}

function vaultProvider({ config }: PersistenceOptions): Provider {
  return {
    provide: Vault,
    useFactory: async (database: Database, clock: Clock) => {
      const vault = new Vault({
        // In production a missing file is a mistake to stop at: a fresh key would open nothing that is stored.
        provider: await localKeyProvider(config.VOUCHSAFE_KEK_FILE, {
          create: config.VOUCHSAFE_ENVIRONMENT !== 'production',
        }),
        environment: config.VOUCHSAFE_ENVIRONMENT,
        now: () => clock.now(),
        cacheMilliseconds: config.VOUCHSAFE_KEY_CACHE_MS,
      });
      // Without its KEKs the service could answer nothing: it stops here instead of saying that it is ready.
      await database.asWorker((sql) => vault.assertKeksOpen(sql));
      return vault;
    },
    inject: [Database, Clock],
  };
}

function busProvider({ service, config }: PersistenceOptions): Provider {
  return {
    provide: BUS,
    // After the database, so that it is closed before it.
    useFactory: async (_: Database, logger: ServiceLogger, metrics: Metrics, background: Background) => {
      const bus = openBus(service, config, logger);
      background.add({ stop: () => bus.close() });
      const topics = background.add(topicKeeper(bus, config, logger, metrics));
      await topics.keep();
      return topics.bus;
    },
    inject: [Database, LOGGER, Metrics, Background],
  };
}

/** Deletes what no service needs any more: transit keys, Idempotency-Keys. */
@Injectable()
class Housekeeping implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  onApplicationBootstrap(): void {
    const { database, vault, clock, logger } = this;
    this.background.add(
      keepTransitKeysYoung({
        ...{ database, vault },
        now: () => clock.now(),
        onError: (error) => logger.warn({ err: error }, 'Old transit keys could not be deleted; retrying'),
      }),
    );
    this.background.add(
      deleteOldIdempotencyKeys({
        database,
        now: () => clock.now(),
        onError: (error) =>
          logger.warn({ err: error }, 'Old Idempotency-Keys could not be deleted; retrying'),
      }),
    );
  }
}

/** The service's outbox relay, from the first request to the last. */
@Injectable()
class RunningRelay implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly store: EventStore,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(PUBLISHING) private readonly publishing: readonly Publishing[],
    @Inject(LOGGER) private readonly logger: ServiceLogger,
    private readonly metrics: Metrics,
    private readonly background: Background,
  ) {}

  onApplicationBootstrap(): void {
    const { database, vault, publishing, logger } = this;
    const relay = this.background.add(
      startRelay({
        database,
        vault,
        publishing,
        ...publishTo(this.bus, topicOf(database.service)),
        pace: { onError: (error) => logger.warn({ err: error }, 'The relay could not publish; retrying') },
      }),
    );
    this.store.onAppended(() => relay.wake());
    this.measureAge();
  }

  /** An alert warns at 30 s and pages at 5 min (docs/bus.md, 'Metrics'). */
  private measureAge(): void {
    const { database, metrics } = this;
    new Gauge({
      name: 'relay_age_seconds',
      help: 'Age of the oldest event that the bus has not acknowledged',
      registers: [metrics.registry],
      async collect() {
        this.set(await relayAge(database).catch(() => Number.NaN));
      },
    });
  }
}
