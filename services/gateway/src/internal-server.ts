/** @promise P11 the network: health, metrics and lanes have a port of their own */
import { Module, type DynamicModule } from '@nestjs/common';
import {
  DATA_STORES,
  DataStoresModule,
  type HostConfig,
  PersistenceModule,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { Database } from '@vouchsafe/database';
import { gatewayPublishing } from './gateway.publishing.js';
import { gatewayConfig, type GatewayConfig } from './gateway.config.js';
import { gatewayStores } from './gateway.stores.js';
import { gatewayMigrations } from './persistence/migrations.js';

/** The gateway's own database, relay and lanes. */
@Module({})
class InternalServerModule {
  static with(config: GatewayConfig & HostConfig): DynamicModule {
    return {
      module: InternalServerModule,
      imports: [
        PersistenceModule.for({
          service: 'gateway',
          config,
          migrations: gatewayMigrations,
          publishing: gatewayPublishing,
        }),
        DataStoresModule.for(config),
      ],
      providers: [{ provide: DATA_STORES, useFactory: gatewayStores, inject: [Database] }],
    };
  }
}

/**
 * The side of the gateway that other services and probes see, on a port of its own: lanes, health, metrics. So the public port
 * answers nothing that has no access-log entry.
 */
export const internalServer = {
  name: 'gateway',
  title: 'Vouchsafe gateway, internal server',
  config: gatewayConfig,
  module: (config) => InternalServerModule.with(config),
} satisfies ServiceDefinition<typeof gatewayConfig>;
