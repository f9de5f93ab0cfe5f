import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { doWhatIsDue, moveClock } from './due.ts';
import { Faults } from './faults.ts';
import { seedCatalogue } from './prices.ts';
import { createStandInServer } from './server.ts';
import { StateFile } from './state-file.ts';
import { type WebhookOptions, Webhooks } from './webhooks.ts';
import { World } from './world.ts';

export interface StandInOptions {
  /** 0, or nothing, takes a free one. */
  readonly port?: number;
  /** Where the state is kept; without it nothing is. */
  readonly folder?: string;
  /** The secret key that requests carry. */
  readonly key?: string;
  readonly webhook?: WebhookOptions;
  /** Milliseconds; the real clock where there is none. The stand-in's own goes ahead of it as it is moved. */
  readonly clock?: () => number;
  /** Kind of the environment: it is refused in production. */
  readonly environment?: string;
  /** Whether the routes below `/_stand-in/` answer, and what they demand. */
  readonly control?: { readonly secret?: string } | 'off';
  readonly afterRetries?: World['afterRetries'];
  readonly logError?: (error: unknown) => void;
}

export interface StandIn {
  readonly url: string;
  readonly port: number;
  readonly key: string;
  readonly world: World;
  /** Moves the clock so many seconds ahead; what is due meanwhile happens. */
  advance(seconds: number): void;
  /** Waits until every webhook was taken, or is held back. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const STAND_IN_KEY = 'sk_test_standin';

/** How often the stand-in looks at what is due, in milliseconds. */
const LOOK_MS = 500;

/** Starts a stand-in for Stripe on this machine. @throws Error in an environment of the kind production */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  if (options.environment === 'production')
    throw new Error('The stand-in for Stripe does not run in production: set STRIPE_SECRET_KEY.');
  const { key = STAND_IN_KEY, folder, clock = Date.now } = options;
  const world = new World(new StateFile(folder), clock);
  world.afterRetries = options.afterRetries ?? 'cancel';
  seedCatalogue(world);
  const webhooks = new Webhooks(world, options.webhook);
  const server = createStandInServer({
    ...{ id: randomUUID(), world, webhooks, faults: new Faults(), seen: [], secretKey: key },
    control: options.control ?? {},
    logError: options.logError ?? console.error,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  world.openAt(`http://127.0.0.1:${port}`);
  world.settle();
  const timer = setInterval(() => {
    doWhatIsDue(world, world.now());
    world.settle();
  }, LOOK_MS);
  timer.unref();
  return {
    ...{ url: world.url, port, key, world },
    advance: (seconds) => {
      moveClock(world, world.now() + seconds);
      world.settle();
    },
    settled: () => webhooks.settled(),
    stop: async () => {
      clearInterval(timer);
      webhooks.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      world.settle();
    },
  };
}
