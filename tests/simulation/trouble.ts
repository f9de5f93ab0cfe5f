import { type ServiceName, serviceNames } from '@vouchsafe/contracts';
import type { Random } from '../faults/random.ts';
import type { World } from './world.ts';

/** Something that goes wrong while time goes on, for the nth time. @returns how it is put right */
type Trouble = (world: World, random: Random, nth: number) => Promise<() => Promise<void>>;

/** In turn: lifecycle most often. */
const killed = serviceNames
  .filter((name) => name !== 'lifecycle')
  .flatMap((name) => ['lifecycle', name] as const);

/** Tables in which deletions fail for a while, whoever makes them; of the others, the one that each service has. */
const failing: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  identity: ['consent'],
  audit: ['disclosure'],
  lifecycle: ['organization', 'return_part', 'data_request'],
  billing: ['customer'],
};

export const troubles = {
  /** Wherever it is at that moment; `kill -9`. It comes back when time has gone on. */
  kill: (world, random, nth) => end('SIGKILL', world, random, killed[nth % killed.length] ?? 'lifecycle'),
  /** As an upgrade does: it may finish what it is at. */
  restart: (world, random, nth) => end('SIGTERM', world, random, killed[nth % killed.length] ?? 'lifecycle'),
  /** Its housekeeping looks hourly, by a timer that no clock moves, and when it starts: months would pass without a look. */
  'kill-identity': (world, random) => end('SIGKILL', world, random, 'identity'),
  'fail-tasks': async ({ stores }, random) => {
    const service = random.pick(serviceNames);
    const table = random.pick(failing[service] ?? ['vault_data_key']);
    await stores.query(
      service,
      `create function simulated_failure() returns trigger language plpgsql as
         $$ begin raise exception 'a simulated failure'; end $$;
       create trigger simulated_failure before delete on ${table} for each statement execute function simulated_failure()`,
    );
    return async () => {
      await stores.query(
        service,
        `drop trigger simulated_failure on ${table}; drop function simulated_failure()`,
      );
    };
  },
} as const satisfies Readonly<Record<string, Trouble>>;

export type TroubleKind = keyof typeof troubles;

async function end(
  signal: 'SIGKILL' | 'SIGTERM',
  { system }: World,
  random: Random,
  name: ServiceName,
): Promise<() => Promise<void>> {
  await new Promise((resolve) => setTimeout(resolve, random.between(0, 900)));
  const process = system.service(name);
  process.kill(signal);
  await process.exited;
  return () => system.restart(name);
}
