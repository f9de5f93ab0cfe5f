import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { kafkaVersion } from './local-kafka.js';
import type { ContainerFacts, ContainerSetting, EngineState } from './server-choice.js';

const images = {
  postgres: () => process.env.VOUCHSAFE_POSTGRES_IMAGE ?? 'postgres:18',
  kafka: () => process.env.VOUCHSAFE_KAFKA_IMAGE ?? `apache/kafka:${kafkaVersion}`,
} as const;

type Server = keyof typeof images;

/** What the choice of a server rests on, as it is at this moment. */
export async function containerFacts(server: Server): Promise<ContainerFacts> {
  const setting = containerSetting();
  const image = images[server]();
  if (setting === 'off') return { setting, image, engine: 'absent', atHand: false };
  const engine = await engineState();
  return { setting, image, engine, atHand: engine === 'answers' && (await hasImage(image)) };
}

/** Pulls the image of a server that the engine does not have. Where it cannot be had, the choice is made without it. */
export async function bringImage(server: Server, say: (line: string) => void): Promise<void> {
  const { engine, image, atHand } = await containerFacts(server);
  if (engine !== 'answers' || atHand) return;
  say(`Pulling the image ${image} ...`);
  const { getContainerRuntimeClient, ImageName } = await testcontainers();
  const client = await getContainerRuntimeClient();
  await client.image.pull(ImageName.fromString(image)).catch(() => undefined);
}

/** Takes away the containers that ended processes left behind. */
export async function removeLeftContainers(): Promise<void> {
  if (containerSetting() === 'off' || (await engineState()) !== 'answers') return;
  const { removeOrphans } = await import('./container.js');
  await removeOrphans();
}

/** It knows where engines listen. Loaded only where one may, which every suite would pay for. */
function testcontainers() {
  return import('testcontainers');
}

function containerSetting(): ContainerSetting {
  const value = process.env.VOUCHSAFE_CONTAINERS;
  if (value === undefined || value === 'on' || value === 'off') return value;
  throw new Error(`VOUCHSAFE_CONTAINERS is on or off, not ${JSON.stringify(value)}`);
}

async function engineState(): Promise<EngineState> {
  if (!mayAnswer()) return 'absent';
  const { getContainerRuntimeClient } = await testcontainers();
  const client = await getContainerRuntimeClient().catch(() => undefined);
  if (!client) return 'absent';
  if (client.info.containerRuntime.host !== 'localhost') return 'elsewhere';
  const { SecurityOptions = [] } = (await client.container.dockerode.info()) as {
    SecurityOptions?: string[];
  };
  return SecurityOptions.some((option) => option.includes('rootless')) ? 'rootless' : 'answers';
}

/** Whether anything is there that Testcontainers would ask. */
function mayAnswer(): boolean {
  if (process.env.DOCKER_HOST) return true;
  const home = homedir();
  return [
    '/var/run/docker.sock',
    path.join(home, '.testcontainers.properties'),
    path.join(home, '.docker/run/docker.sock'),
    path.join(home, '.docker/desktop/docker.sock'),
    path.join(process.env.XDG_RUNTIME_DIR ?? `/run/user/${userInfo().uid}`, 'docker.sock'),
  ].some((place) => existsSync(place));
}

async function hasImage(image: string): Promise<boolean> {
  const { getContainerRuntimeClient, ImageName } = await testcontainers();
  const client = await getContainerRuntimeClient();
  return client.image.exists(ImageName.fromString(image));
}
