/** @promise P11 the network: health, metrics and lanes have a port of their own */
import { Module, type DynamicModule } from '@nestjs/common';
import {
  ErasureModule,
  type PersonRemoval,
  PERSON_REMOVAL,
  type HostConfig,
  PersistenceModule,
  type ServiceDefinition,
} from '@vouchsafe/service-host';
import { gatewayPublishing } from './gateway.publishing.js';
import { gatewayConfig, type GatewayConfig } from './gateway.config.js';
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
        ErasureModule.for(config),
      ],
      // Everything that the gateway stores about a person is sealed: entries of the access log, open ones too.
      providers: [
        { provide: PERSON_REMOVAL, useValue: { remove: () => Promise.resolve() } satisfies PersonRemoval },
      ],
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
