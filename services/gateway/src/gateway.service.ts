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
import { DoorGuard } from './door/door.guard.js';
import { DoorModule } from './door/door.module.js';
import { Leaving } from './door/leaving.js';
import { gatewayConfig, type GatewayConfig } from './gateway.config.js';
import { inside } from './inside.js';
import { readServiceDocument, type UpstreamService } from './routes/service-document.js';

/** The consumer group that all of its instances share. */
export const GROUP = 'gateway';

export interface RunningGateway {
  /** The public door. */
  readonly url: string;
  /** Lanes, health and metrics. */
  readonly insideUrl: string;
  readonly instanceId: string;
  readonly logger: RunningService['logger'];
  readonly stopSeconds: number;
  stop(): Promise<void>;
}

/** Boots the gateway: first its inside (database, relay, probes), then the door, so that nothing comes in too early. */
export async function bootGateway(options: BootOptions = {}): Promise<RunningGateway> {
  const env = options.env ?? process.env;
  const config = readConfig(hostConfig.extend(gatewayConfig.shape), env);
  const services = await upstreamServices(config);
  // Asked inside, the gateway is ready when its door is: nobody is sent to a port that does not listen yet.
  let open = false;
  const readiness = options.readiness ?? new Readiness();
  readiness.add('door', () => (open ? Promise.resolve() : Promise.reject(new Error('not open yet'))));
  const within = await bootService(inside, {
    ...options,
    readiness,
    env: { ...env, PORT: String(config.VOUCHSAFE_INTERNAL_PORT) },
    handleSignals: false,
  });
  await consume('gateway', within, { group: GROUP });
  const door = await bootDoor(config, services, within, options).catch(async (error: unknown) => {
    await within.stop();
    throw error;
  });
  open = true;
  const { id: instanceId } = door.app.get(Instance, { strict: false });
  within.logger.info({ url: door.url, instanceId }, 'The door is open');
  return {
    url: door.url,
    insideUrl: within.url,
    instanceId,
    logger: within.logger,
    stopSeconds: config.VOUCHSAFE_STOP_SECONDS,
    stop: async () => {
      await door.stop();
      await within.stop();
    },
  };
}

async function bootDoor(
  config: GatewayConfig & HostConfig,
  services: readonly UpstreamService[],
  within: RunningService,
  options: BootOptions,
): Promise<RunningService> {
  const definition = {
    name: 'gateway',
    title: 'Vouchsafe',
    door: 'public',
    config: gatewayConfig,
    module: () => DoorModule.with(within.app, services, config.VOUCHSAFE_PUBLIC_URL),
    guards: [DoorGuard],
    refuse: Leaving,
  } satisfies ServiceDefinition<typeof gatewayConfig>;
  const { logger, metrics, readiness } = within;
  return bootService(definition, { ...options, logger, metrics, readiness, handleSignals: false });
}

/** The services behind the door and what each declares; their golden documents ship with them. */
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
