import { readdir, rm, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import { consumedBy, type ServiceName, serviceNames } from '@vouchsafe/contracts';
import type { SmallDisk } from '@vouchsafe/testing';
import pg from 'pg';
import type { SystemKafka } from '../../tools/start/kafka.ts';
import type { SystemUnderTest } from '../system/running-system.ts';
import { standIn } from '../system/stripe.ts';
import type { Random } from './random.ts';
import type { Supervisor } from './supervisor.ts';

export interface World {
  readonly system: SystemUnderTest;
  readonly supervisor: Supervisor;
  readonly random: Random;
  /** Organizations under load. */
  readonly organizationIds: readonly string[];
  /** The disk that everything lies on, where one of its own could be had. */
  readonly disk: SmallDisk | null;
  /** The broker, where the bus is Kafka. */
  readonly kafka: SystemKafka | null;
  readonly kafkaAwayMs: number;
}

/** One thing that goes wrong while people work; ends when the system has been put right as far as this fault goes. */
export interface Fault {
  readonly name: string;
  /** @returns the processes that were killed, by what they were; null where this world does not have what it strikes */
  readonly strike: (world: World) => Promise<readonly string[] | null>;
}

const HOUR_MS = 3_600_000;

/** Two services or more, each at a moment of its own. */
const kill: Fault = {
  name: 'services killed',
  strike: async ({ system, supervisor, random }) => {
    const victims = chosen(random, serviceNames, random.between(2, serviceNames.length));
    const moments = victims.map(() => random.between(0, 800));
    await Promise.all(
      victims.map(async (name, nth) => {
        await pause(moments[nth] ?? 0);
        await killService(system, name);
        await supervisor.revive(name);
      }),
    );
    return victims;
  },
};

/** While it migrates, opens its vault, joins its group. */
const killWhileStarting: Fault = {
  name: 'a service killed while it starts',
  strike: async ({ system, supervisor, random }) => {
    const victim = random.pick(serviceNames);
    const moments = [random.between(100, 1500), random.between(100, 3000)];
    await killService(system, victim);
    for (const moment of moments) {
      const { pid } = system.service(victim);
      const starting = system.restart(victim).catch(() => undefined);
      await until(() => system.service(victim).pid !== pid);
      await pause(moment);
      await killService(system, victim);
      await starting;
    }
    await supervisor.revive(victim);
    return [victim, victim, victim];
  },
};

const killPostgres: Fault = {
  name: 'Postgres killed',
  strike: async ({ system, supervisor, random }) => {
    const down = random.between(0, 1500);
    const server = system.postgres();
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    await pause(down);
    await supervisor.revivePostgres();
    await Promise.all(serviceNames.map((name) => supervisor.revive(name)));
    return ['postgres'];
  },
};

/** Longer than the gateway's lease: another life of it closes what it left open, and then it wakes. */
const freeze: Fault = {
  name: 'a service frozen',
  strike: async ({ system, random }) => {
    const victim = system.service(random.pick(serviceNames));
    const long = random.between(1000, 4000);
    victim.kill('SIGSTOP');
    await pause(long);
    victim.kill('SIGCONT');
    return [];
  },
};

/** It loses its partitions to another one in the middle of its work, and writes on when it wakes. */
const zombie: Fault = {
  name: 'a consumer that lost its partitions, and wakes',
  strike: async ({ system, random }) => {
    const first = system.service('audit');
    const second = await system.another('audit');
    const extra = random.between(0, 2000);
    try {
      first.kill('SIGSTOP');
      // Without a sign of life for 10 s, a member is dead.
      await pause(11_000 + extra);
      first.kill('SIGCONT');
      await pause(1000);
    } finally {
      first.kill('SIGCONT');
      second.kill('SIGKILL');
      await second.exited;
    }
    return ['audit'];
  },
};

const rebalance: Fault = {
  name: 'a second consumer comes and goes',
  strike: async ({ system, random }) => {
    const [stays, leaves] = [random.between(500, 2500), random.next() < 0.5];
    const second = await system.another('audit');
    await pause(stays);
    if (leaves) {
      await second.stop();
      return [];
    }
    second.kill('SIGKILL');
    await second.exited;
    return ['audit'];
  },
};

/** A mistake in the consumer's own house: facts of one kind, of one organization, are refused until somebody mends it. */
const poison: Fault = {
  name: 'facts that audit cannot handle',
  strike: async ({ system, random, organizationIds }) => {
    const organizationId = random.pick(organizationIds);
    await withClient(system, 'audit', async (client) => {
      await alter(
        client,
        `create or replace function refuse_entry() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$`,
      );
      await alter(
        client,
        `create or replace trigger poison before insert on entry for each row
         when (new.organization_id = '${organizationId}' and new.operation = 'identity.organization-renamed')
         execute function refuse_entry()`,
      );
      // Five tries, with pauses.
      await pause(4000);
      await alter(client, 'drop function refuse_entry cascade');
    });
    return [];
  },
};

/** It has taken its place among the events early, holds everybody's horizon back, and is gone in the end. */
const slowTransaction: Fault = {
  name: 'a slow transaction left open',
  strike: async ({ system, random, organizationIds }) => {
    const [database, long] = [random.pick(consumedBy('audit')), random.between(1500, 4000)];
    await withClient(system, database, async (client) => {
      await client.query('begin');
      await client.query(
        `insert into event (organization_id, stream, version, type, schema_version, payload, metadata)
         values ($1, 'a-slow-writer', 1, 'organization-renamed', 1, '{}', '{}')`,
        [organizationIds[0]],
      );
      await pause(long);
      await client.query('rollback');
    });
    return [];
  },
};

const clockJump: Fault = {
  name: 'clocks that jump an hour',
  strike: async ({ supervisor, random }) => {
    for (const hours of [random.pick([1, -1]), random.pick([0, -1, 1]), 0]) {
      supervisor.moveClocks(hours * HOUR_MS);
      await pause(random.between(700, 1500));
    }
    return [];
  },
};

/** Stripe does not answer, or not whether it has done what it was asked; what it tells meanwhile comes later, and in any order. */
const stripeFails: Fault = {
  name: 'Stripe that fails',
  strike: async ({ system, random }) => {
    const kind = random.pick([500, 503, 429, 'lost', 'half', 'away'] as const);
    const [long, holdsBack] = [random.between(1000, 2500), random.next() < 0.5];
    await standIn(system, 'POST', 'webhooks', { paused: holdsBack });
    await standIn(system, 'POST', 'faults', { faults: [{ kind }] });
    await pause(long);
    await standIn(system, 'POST', 'faults', { faults: [] });
    if (holdsBack) await standIn(system, 'POST', 'deliveries', { order: 'shuffled' });
    await standIn(system, 'POST', 'webhooks', { paused: false });
    return [];
  },
};

const fullDisk: Fault = {
  name: 'a full disk',
  strike: async ({ disk, kafka, supervisor, random }) => {
    if (!disk) return null;
    const long = random.between(1500, 4000);
    disk.fill();
    await pause(long);
    disk.free();
    // Without room for its own log Postgres may have stopped; whoever runs it starts it again.
    await supervisor.revivePostgres();
    await Promise.all(serviceNames.map((name) => supervisor.revive(name)));
    if (!kafka) return [];
    // A broker whose disk was full has given up its log folder.
    await kafka.kill();
    await kafka.start();
    return ['kafka'];
  },
};

const killKafka: Fault = {
  name: 'Kafka killed',
  strike: async ({ kafka, random }) => {
    if (!kafka) return null;
    const away = random.between(0, 5000);
    await kafka.kill();
    await pause(away);
    await kafka.start();
    return ['kafka'];
  },
};

/** What relays give out waits in their outboxes meanwhile. */
const kafkaAway: Fault = {
  name: 'Kafka away for minutes',
  strike: async ({ kafka, kafkaAwayMs }) => {
    if (!kafka) return null;
    await kafka.kill();
    await pause(kafkaAwayMs);
    await kafka.start();
    return ['kafka'];
  },
};

/** The newest messages of every partition are gone, though they were acknowledged: what an unclean election does. */
const lostTail: Fault = {
  name: 'topics that lost their tails',
  strike: async ({ kafka, system }) => {
    if (!kafka) return null;
    await kafka.kill();
    await cutTails(path.join(system.folder, 'kafka', 'log'));
    await kafka.start();
    return ['kafka'];
  },
};

/** A new and empty broker in its place. */
const emptiedKafka: Fault = {
  name: 'an empty Kafka',
  strike: async ({ kafka, system }) => {
    if (!kafka) return null;
    await kafka.kill();
    await rm(path.join(system.folder, 'kafka'), { recursive: true });
    await kafka.start();
    return ['kafka'];
  },
};

/** Killing comes first: the others are strewn among the kills. */
export const killing: readonly Fault[] = [kill, kill, kill, killWhileStarting, killPostgres];
export const others = {
  killPostgres,
  freeze,
  rebalance,
  poison,
  slowTransaction,
  clockJump,
  stripeFails,
  fullDisk,
  zombie,
  killKafka,
  kafkaAway,
  lostTail,
  emptiedKafka,
} as const satisfies Readonly<Record<string, Fault>>;

/**
 * Cuts a third off the newest segment of each of our topics' partitions; the broker mends its indexes when it starts after a kill.
 * The marks of what was acknowledged go with it: a broker that had lost the disk's newest pages would not have them either.
 */
async function cutTails(folder: string): Promise<void> {
  let cut = 0;
  for (const partition of (await readdir(folder)).filter((name) => /^vouchsafe\.\w+-\d+$/.test(name))) {
    const files = await readdir(path.join(folder, partition));
    const newest = files
      .filter((name) => name.endsWith('.log'))
      .toSorted()
      .at(-1);
    if (newest === undefined) continue;
    const file = path.join(folder, partition, newest);
    const { size } = await stat(file);
    await truncate(file, Math.floor((size * 2) / 3));
    cut += size - Math.floor((size * 2) / 3);
  }
  if (cut === 0) throw new Error('No topic had a tail to lose');
  for (const mark of [
    'recovery-point-offset-checkpoint',
    'replication-offset-checkpoint',
    '.kafka_cleanshutdown',
  ])
    await rm(path.join(folder, mark), { force: true });
}

async function killService(system: SystemUnderTest, name: ServiceName): Promise<void> {
  const process = system.service(name);
  process.kill('SIGKILL');
  await process.exited;
}

/** A partitioned table is locked one partition after another, and a writer may hold one of the next: then Postgres ends either of the two. */
async function alter(client: pg.Client, statement: string): Promise<void> {
  for (;;) {
    try {
      await client.query(statement);
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === '40P01')) throw error;
    }
  }
}

async function withClient(
  system: SystemUnderTest,
  database: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const url = new URL(system.adminUrl);
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function chosen<T>(random: Random, from: readonly T[], count: number): T[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(random.between(0, left.length - 1), 1)).flat();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
