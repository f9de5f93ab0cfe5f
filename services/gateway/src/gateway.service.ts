import path from 'node:path';
import { innerServiceNames } from '@vouchsafe/contracts';
import {
  type BootOptions,
  bootService,
  consume,
  type HostConfig,
  Readiness,
  readConfig,
  type RunningService,
  hostConfig,
  type ServiceDefinition,
  urlVariable,
} from '@vouchsafe/service-host';
import { Instance } from './access-log/access-log.js';
import { PublicServerGuard } from './public-server/public-server.guard.js';
import { PublicServerModule } from './public-server/public-server.module.js';
import { Leaving } from './public-server/leaving.js';
import { gatewayConfig, type GatewayConfig } from './gateway.config.js';
import { internalServer } from './internal-server.js';
import { readServiceDocument, type UpstreamService } from './routes/service-document.js';

/** The consumer group that all of its instances share. */
export const GROUP = 'gateway';

export interface RunningGateway {
  /** The public server. */
  readonly url: string;
  /** Lanes, health and metrics. */
  readonly internalUrl: string;
  readonly instanceId: string;
  readonly logger: RunningService['logger'];
  readonly stopSeconds: number;
  stop(): Promise<void>;
}

/** Boots the gateway: first the internal server (database, relay, probes), then the public one, so that no request comes too early. */
export async function bootGateway(options: BootOptions = {}): Promise<RunningGateway> {
  const env = options.env ?? process.env;
  const config = readConfig(hostConfig.extend(gatewayConfig.shape), env);
  const services = await upstreamServices(config);
  // The internal server reports ready only when the public one listens: no client is sent to a closed port.
  let open = false;
  const readiness = options.readiness ?? new Readiness();
  readiness.add('public-server', () =>
    open ? Promise.resolve() : Promise.reject(new Error('not open yet')),
  );
  const internal = await bootService(internalServer, {
    ...options,
    readiness,
    env: { ...env, PORT: String(config.VOUCHSAFE_INTERNAL_PORT) },
    handleSignals: false,
  });
  await consume('gateway', internal, { group: GROUP });
  const publicServer = await bootPublicServer(config, services, internal, options).catch(
    async (error: unknown) => {
      await internal.stop();
      throw error;
    },
  );
  open = true;
  const { id: instanceId } = publicServer.app.get(Instance, { strict: false });
  internal.logger.info({ url: publicServer.url, instanceId }, 'The public server is listening');
  return {
    url: publicServer.url,
    internalUrl: internal.url,
    instanceId,
    logger: internal.logger,
    stopSeconds: config.VOUCHSAFE_STOP_SECONDS,
    stop: async () => {
      await publicServer.stop();
      await internal.stop();
    },
  };
}

async function bootPublicServer(
  config: GatewayConfig & HostConfig,
  services: readonly UpstreamService[],
  internal: RunningService,
  options: BootOptions,
): Promise<RunningService> {
  const definition = {
    name: 'gateway',
    title: 'Vouchsafe',
    server: 'public',
    config: gatewayConfig,
    module: () => PublicServerModule.with(internal.app, services, config.VOUCHSAFE_PUBLIC_URL),
    guards: [PublicServerGuard],
    refuse: Leaving,
  } satisfies ServiceDefinition<typeof gatewayConfig>;
  const { logger, metrics, readiness } = internal;
  return bootService(definition, { ...options, logger, metrics, readiness, handleSignals: false });
}

/** The services behind the gateway and what each declares; their golden documents ship with them. */
async function upstreamServices(config: GatewayConfig & HostConfig): Promise<UpstreamService[]> {
  return Promise.all(
    innerServiceNames.map(async (name) => {
      const folder = config.VOUCHSAFE_OPENAPI_FOLDER;
      const file =
        folder === undefined
          ? new URL(import.meta.resolve(`@vouchsafe/${name}/openapi.json`))
          : path.join(folder, `${name}.openapi.json`);
      return {
        name,
        origin: new URL(config[urlVariable(name)]).origin,
        document: await readServiceDocument(name, file),
      };
    }),
  );
}
