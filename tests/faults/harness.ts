import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { smallDisk, whyNoSmallDisk } from '@vouchsafe/testing';
import pg from 'pg';
import { runTool } from '../system/command.ts';
import { startForTests, type SystemUnderTest } from '../system/running-system.ts';
import { check } from './checker/check.ts';
import type { Finding } from './checker/finding.ts';
import { checkPublicLog } from './checker/public-log.ts';
import { type Databases, readStores } from './checker/stores.ts';
import { readStripe, type StripeObjects } from './checker/stripe-objects.ts';
import { drained } from './drain.ts';
import type { Fault, World } from './faults.ts';
import { type Load, prepareLoad } from './load.ts';
import { emptyMemory, type Memory } from './memory.ts';
import { randomOf } from './random.ts';
import { supervise } from './supervisor.ts';

const LEASE_MS = 2000;

export interface FaultRun {
  readonly system: SystemUnderTest;
  readonly memory: Memory;
  /** Request ids from before the load. */
  readonly before: ReadonlySet<string>;
  /** Killed processes so far, by what they were. */
  readonly kills: ReadonlyMap<string, number>;
  /** Faults so far. */
  readonly strikes: ReadonlyMap<string, number>;
  /** Why no disk could be filled; null where one is. */
  readonly noDisk: string | null;
  /** Lets the faults strike under load, one after the other; then heals, drains, and checks everything since the beginning. */
  round(faults: readonly Fault[]): Promise<Finding[]>;
  /** Reads what the databases and Stripe hold now and compares; `alter` may plant a mistake, which is rolled back. */
  checkAgain(
    alter?: Partial<Record<ServiceName, string>>,
    memory?: Memory,
    alterStripe?: (objects: StripeObjects) => StripeObjects,
  ): Promise<Finding[]>;
  stop(): Promise<void>;
}

export interface FaultRunOptions {
  readonly seed: number;
  readonly organizations?: number;
  readonly workers?: number;
  /** Apache Kafka as the bus. */
  readonly kafka?: boolean;
  /** How long `kafkaAway` takes it away. */
  readonly kafkaAwayMs?: number;
  /** Of the disk that is filled: it must hold all that the load leaves. Memory, as far as it is used. */
  readonly diskMb?: number;
}

/** A whole system under load, and faults that the seed makes repeatable. */
export async function startFaultRun({
  seed,
  organizations = 3,
  workers = 9,
  kafka = false,
  kafkaAwayMs = 300_000,
  diskMb = 768,
}: FaultRunOptions): Promise<FaultRun> {
  const noDisk = whyNoSmallDisk();
  const disk = noDisk === null ? smallDisk(diskMb) : null;
  const scratch = await mkdtemp(path.join(tmpdir(), 'vouchsafe-faults-'));
  const clockFile = path.join(scratch, 'clock-offset');
  const clean = async (): Promise<void> => {
    disk?.remove();
    await rm(scratch, { recursive: true, force: true });
  };
  const memory = emptyMemory();
  // Two sequences, so that the faults do not depend on what is checked.
  const [random, choice] = [randomOf(seed), randomOf(seed + 1)];
  const [kills, strikes] = [new Map<string, number>(), new Map<string, number>()];
  const started = await begin({ disk, clockFile, memory, kafka, organizations, workers }).catch(
    async (error: unknown) => {
      await clean();
      throw error;
    },
  );
  const { system, supervisor, load } = started;
  const world: World = {
    ...{ system, supervisor, random, disk, kafkaAwayMs },
    organizationIds: load.organizationIds,
    kafka: system.kafka ?? null,
  };
  const before = await requestsSoFar(system);
  const checkAgain: FaultRun['checkAgain'] = async (alter = {}, remembered = memory, alterStripe) => {
    const stripe = await readStripe(system);
    return check(remembered, await readAltered(system, alter, alterStripe?.(stripe) ?? stripe), before);
  };
  return {
    ...{ system, memory, before, kills, strikes, noDisk, checkAgain },
    round: async (faults) => {
      await load.during(async () => {
        for (const fault of faults) {
          await pause(random.between(200, 900));
          const killed = await fault.strike(world);
          if (!killed) continue;
          increment(strikes, fault.name);
          for (const name of killed) increment(kills, name);
        }
        await pause(500);
      });
      const seen = await healed(started, memory, (from) => choice.pick(from));
      return [...seen, ...(await checkAgain())];
    },
    stop: async () => {
      await supervisor.heal().catch(() => undefined);
      await system.stop();
      await clean();
    },
  };
}

function increment(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1);
}

type Started = Awaited<ReturnType<typeof begin>>;

/** Starts the system on its small disk, the supervisor that restarts its processes, and the customers of the load. */
async function begin({
  disk,
  clockFile,
  memory,
  kafka,
  organizations,
  workers,
}: {
  readonly disk: ReturnType<typeof smallDisk> | null;
  readonly clockFile: string;
  readonly memory: Memory;
  readonly kafka: boolean;
  readonly organizations: number;
  readonly workers: number;
}) {
  await writeFile(clockFile, '0\n');
  const system = await startForTests(
    { VOUCHSAFE_INSTANCE_LEASE_MS: String(LEASE_MS), VOUCHSAFE_CLOCK_OFFSET_FILE: clockFile },
    { killsServices: true, kafka, ...(disk && { parent: disk.folder }) },
  );
  try {
    // The write-ahead log must not fill the small disk.
    await system.rows('postgres', `alter system set max_wal_size = '96MB'`);
    await system.rows('postgres', 'select pg_reload_conf()');
    return {
      system,
      supervisor: supervise(system, clockFile),
      load: await prepareLoad(system, memory, { organizations, workers }),
    };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

async function requestsSoFar(system: SystemUnderTest): Promise<ReadonlySet<string>> {
  const rows = await system.rows<{ id: string }>(
    'gateway',
    `select payload ->> 'requestId' as id from event`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** Restarts everything, waits until it has drained, and reads the logs as customers do. */
async function healed(
  { system, supervisor, load }: Started,
  memory: Memory,
  choose: Parameters<typeof checkPublicLog>[2],
): Promise<Finding[]> {
  await supervisor.heal();
  await replayDeadLetters(system, load.organizationIds);
  const waiting = await drained(system);
  const seen = await Promise.all(
    [...load.logIds].map(([organizationId, logId]) =>
      checkPublicLog(
        { organizationId, logId, ask: (operation, url) => load.ask(organizationId, operation, url) },
        memory,
        choose,
      ),
    ),
  );
  const late = waiting ?? (await drained(system));
  const stuck: Finding[] =
    late === null ? [] : [{ kind: 'acknowledged and missing', what: `It does not drain: ${late}` }];
  const ended = supervisor.endedByThemselves().map((what): Finding => ({ kind: 'ended by itself', what }));
  return [...ended, ...stuck, ...seen.flat()];
}

/** As an operator does once the fault is mended. */
async function replayDeadLetters(
  system: SystemUnderTest,
  organizationIds: Load['organizationIds'],
): Promise<void> {
  const waiting = await system.rows<{ organization_id: string }>(
    'audit',
    'select distinct organization_id from dead_letter',
  );
  for (const { organization_id: organizationId } of waiting) {
    // Only dead letters that our own fault can have caused: any other is a finding.
    if (!organizationIds.includes(organizationId)) continue;
    const args = ['replay', '--organization', organizationId, '--reason', 'mended', '--data', system.folder];
    await runTool('dead-letters/dead-letters.ts', args);
  }
}

/** Reads the stores inside transactions that are rolled back: what is planted there is seen by this reading alone. */
async function readAltered(
  system: SystemUnderTest,
  alter: Partial<Record<ServiceName, string>>,
  stripe: StripeObjects,
): ReturnType<typeof readStores> {
  const opened = await Promise.all(
    serviceNames.map(async (name) => {
      const url = new URL(system.adminUrl);
      url.pathname = `/${name}`;
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await client.query('begin isolation level repeatable read');
      // Triggers guard what is planted against every role; a replica's session runs none.
      if (alter[name]) await client.query(`set local session_replication_role = replica; ${alter[name]}`);
      return { name, client };
    }),
  );
  try {
    const databases = Object.fromEntries(
      opened.map(({ name, client }) => [
        name,
        async (text: string) => (await client.query(text)).rows as pg.QueryResultRow[],
      ]),
    ) satisfies Databases;
    return await readStores(databases, stripe);
  } finally {
    for (const { client } of opened) {
      await client.query('rollback');
      await client.end();
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
