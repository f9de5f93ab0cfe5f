import { createWriteStream } from 'node:fs';
import { hostname } from 'node:os';
import {
  GenericContainer,
  getContainerRuntimeClient,
  PullPolicy,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { isAlive } from './free-port.js';

export interface ContainerOptions {
  readonly image: string;
  readonly port: { readonly inside: number; readonly outside: number };
  readonly command: string[];
  readonly entrypoint?: string[];
  readonly env?: Record<string, string>;
  /** A folder of this machine, at the same place inside, whose owner is then the server's user. */
  readonly folder?: string;
  /** File that the server's words are appended to. */
  readonly logFile: string;
}

export interface RunningContainer {
  readonly id: string;
  /** Settles when the server has ended; anew for each start. */
  ended(): Promise<void>;
  signal(name: NodeJS.Signals): Promise<void>;
  /** Starts a server that has ended on what it left. */
  start(): Promise<void>;
  /** Asks the server to end, and waits so many seconds before it is killed. */
  stop(seconds: number): Promise<void>;
  /** Kills the server where it still runs, and takes the container away. */
  remove(): Promise<void>;
}

/** Who started a container, so that it can be told when nobody needs it any more. */
const HOLDER = 'vouchsafe.holder';
const holder = `${hostname()}/${process.pid}`;

/** A server in a container of its own, once it listens. Its image must be at hand. */
export async function startContainer(options: ContainerOptions): Promise<RunningContainer> {
  await removeOrphans();
  const { container } = await getContainerRuntimeClient();
  const started = await new LoopbackContainer(options).start();
  const inner = container.getById(started.getId());
  return {
    id: inner.id,
    ended: () => inner.wait().then(done, done),
    signal: (signal) => inner.kill({ signal }).then(done),
    start: () => inner.start().then(done),
    stop: (seconds) => inner.stop({ t: seconds }).then(done, whereGone),
    remove: () => inner.remove({ force: true, v: true }).then(done, whereGone),
  };
}

/**
 * Takes away the containers of processes that ended without doing it. Testcontainers' own way (Ryuk) is one more image that must be
 * had; what is left here lives no longer than until the next start.
 */
export async function removeOrphans(): Promise<void> {
  const { container } = await getContainerRuntimeClient();
  const all = await container.dockerode.listContainers({ all: true, filters: { label: [HOLDER] } });
  const orphans = all.filter(({ Labels }) => isOrphan(Labels[HOLDER] ?? ''));
  await Promise.all(
    orphans.map(({ Id }) => container.getById(Id).remove({ force: true, v: true }).catch(whereGone)),
  );
}

/** Of another machine, or of another container, the processes cannot be seen from here. */
function isOrphan(label: string): boolean {
  const [host, pid] = label.split('/');
  return host === hostname() && !isAlive(Number(pid));
}

/** Published on the loopback address alone: Testcontainers' own way opens the port to the whole network. */
class LoopbackContainer extends GenericContainer {
  #created: string | undefined;

  constructor({ image, port, command, entrypoint, env = {}, folder, logFile }: ContainerOptions) {
    super(image);
    this.withExposedPorts({ container: port.inside, host: port.outside })
      .withCommand(command)
      .withEnvironment(env)
      .withLabels({ [HOLDER]: holder })
      .withPullPolicy(PullPolicy.neverPull())
      .withAutoCleanup(false)
      .withWaitStrategy(Wait.forListeningPorts().withStartupTimeout(120_000))
      .withLogConsumer((stream) => stream.pipe(createWriteStream(logFile, { flags: 'a', mode: 0o600 })));
    if (entrypoint) this.withEntrypoint(entrypoint);
    if (folder !== undefined) {
      // `z` lets the container in where SELinux watches, and says nothing elsewhere.
      this.withBindMounts([{ source: folder, target: folder, mode: 'z' }]).withWorkingDir(folder);
      if (process.getuid && process.getgid) this.withUser(`${process.getuid()}:${process.getgid()}`);
    }
    this.hostConfig.PortBindings = {
      [`${port.inside}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(port.outside) }],
    };
  }

  protected override containerCreated(id: string): Promise<void> {
    this.#created = id;
    return Promise.resolve();
  }

  /** A server that never listens must not stay. */
  override start(): Promise<StartedTestContainer> {
    return super.start().catch(async (error: unknown) => {
      const { container } = await getContainerRuntimeClient();
      if (this.#created !== undefined) {
        await container.getById(this.#created).remove({ force: true, v: true }).catch(whereGone);
      }
      throw error;
    });
  }
}

function done(): void {
  // The engine's own answer tells nothing more.
}

/** 304: it has stopped already; 404: it is gone; 409: somebody else takes it away just now. */
function whereGone(error: unknown): void {
  if (![304, 404, 409].includes((error as { statusCode?: number }).statusCode ?? 0)) throw error;
}
