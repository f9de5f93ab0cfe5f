import { writeFileSync } from 'node:fs';
import { type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { isAlive } from '@vouchsafe/testing';
import { death, type ServiceProcess } from '../../tools/start/service-process.ts';
import type { SystemUnderTest } from '../system/running-system.ts';
import { standIn } from '../system/stripe.ts';

/** What a cluster does for its services: starts again what has ended. Whatever was done to the system, it ends whole. */
export interface Supervisor {
  /** Starts a service that has ended, as often as it takes, and waits until it is ready. */
  revive(name: ServiceName): Promise<void>;
  revivePostgres(): Promise<void>;
  /** Puts clocks and Stripe right, thaws, and revives. */
  heal(): Promise<void>;
  moveClocks(milliseconds: number): void;
  /** Services that were ready and then ended though no fault killed them, since this was last asked. */
  endedByThemselves(): readonly string[];
}

export function supervise(system: SystemUnderTest, clockFile: string): Supervisor {
  const moveClocks = (milliseconds: number): void => writeFileSync(clockFile, `${milliseconds}\n`);

  const watched = new Set<ServiceProcess>();
  let ended: string[] = [];
  const watch = (service: ServiceProcess): void => {
    if (watched.has(service)) return;
    watched.add(service);
    // Faults kill by SIGKILL alone: whoever ends otherwise has a mistake of its own.
    void service.exited.then(async (how) => {
      if (how === 'killed by SIGKILL') return;
      // At the end of a run its log is gone with the folder.
      const told = death(service.name, how, service.log).then(({ message }) => message);
      ended.push(await told.catch(() => `${service.name}: ${how}`));
    });
  };
  for (const name of serviceNames) watch(system.service(name));

  const revive = (name: ServiceName): Promise<void> =>
    persistently(`${name} again`, async () => {
      const process = system.service(name);
      if (isAlive(process.pid)) await process.ready();
      else await system.restart(name);
      watch(system.service(name));
    });

  const revivePostgres = async (): Promise<void> => {
    const server = system.postgres();
    if (isAlive(server.pid)) return;
    await server.exited;
    // Its orphans hold the shared memory until they have seen that it is gone.
    await persistently('Postgres again', () => system.restartPostgres());
  };

  return {
    revive,
    revivePostgres,
    moveClocks,
    endedByThemselves: () => {
      const found = ended;
      ended = [];
      return found;
    },
    heal: async () => {
      moveClocks(0);
      await standIn(system, 'POST', 'faults', { faults: [] });
      await standIn(system, 'POST', 'webhooks', { paused: false });
      for (const name of serviceNames) system.service(name).kill('SIGCONT');
      await revivePostgres();
      await Promise.all(serviceNames.map(revive));
    },
  };
}

async function persistently(what: string, work: () => Promise<void>): Promise<void> {
  const until = performance.now() + 120_000;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (performance.now() > until) throw new Error(`${what}: it does not come`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
