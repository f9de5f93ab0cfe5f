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
import { DoorGuard } from './door/door.guard.js';
import { arrive, DoorModule } from './door/door.module.js';
import { refuseRecorded } from './door/leaving.js';
import { gatewayConfig, type GatewayConfig } from './gateway.config.js';
import { inside } from './inside.js';
import { openDoor, type OpenDoor } from './open-door.js';
import { mergedDocument } from './routes/merged-document.js';
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
  const { door, opened } = await letIn(config, services, within, options).catch(async (error: unknown) => {
    await within.stop();
    throw error;
  });
  open = true;
  within.logger.info({ url: door.url, instanceId: opened.door.instanceId }, 'The door is open');
  return {
    url: door.url,
    insideUrl: within.url,
    instanceId: opened.door.instanceId,
    logger: within.logger,
    stopSeconds: config.VOUCHSAFE_STOP_SECONDS,
    stop: async () => {
      await door.stop();
      await opened.close();
      await within.stop();
    },
  };
}

async function letIn(
  config: GatewayConfig & HostConfig,
  services: readonly UpstreamService[],
  within: RunningService,
  options: BootOptions,
): Promise<{ door: RunningService; opened: OpenDoor }> {
  const opened = await openDoor(within, services);
  const definition = {
    name: 'gateway',
    title: 'Vouchsafe',
    door: 'public',
    config: gatewayConfig,
    module: () => DoorModule.with(opened.door, mergedDocument(services, config.VOUCHSAFE_PUBLIC_URL)),
    guards: [new DoorGuard(opened.door)],
    refuse: refuseRecorded(opened.door, (request) => arrive(request, opened.door)),
  } satisfies ServiceDefinition<typeof gatewayConfig>;
  try {
    const { logger, metrics, readiness } = within;
    const door = await bootService(definition, {
      ...options,
      logger,
      metrics,
      readiness,
      handleSignals: false,
    });
    return { door, opened };
  } catch (error) {
    await opened.close();
    throw error;
  }
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
