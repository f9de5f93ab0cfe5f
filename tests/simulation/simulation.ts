import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type BackupLine,
  backupsIn,
  dueForRemoval,
} from '../../services/lifecycle/src/backup/backup-records.ts';
import { randomOf, type Random } from '../faults/random.ts';
import { startForTests } from '../system/running-system.ts';
import { actions, begin, type Kind } from './actions.ts';
import type { BackupPolicy } from './check.ts';
import { type Finding, findings } from './checks.ts';
import { livesOf, type Life } from './plan.ts';
import { openStores, type Seen } from './seen.ts';
import { settled } from './settled.ts';
import type { Organization } from './story.ts';
import { plusDays, timeIn } from './time.ts';
import { troubles, type TroubleKind } from './trouble.ts';
import { operatorOf, type World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly organizations: number;
  readonly days: number;
  /** Days between two moments at which something happens: a divisor of 30, so that deadlines fall on such a moment. */
  readonly stepDays: number;
  /** What goes wrong: one step in so many. */
  readonly trouble: number;
  /** Variables for every service, by which a fault is planted. */
  readonly env?: Readonly<Record<string, string>>;
  /** For how many days the operator keeps backups; its promise is another one where a fault is planted. */
  readonly keptDays?: number;
  /** How long to wait for what is due, of real time; less where a planted fault lets it wait for ever. */
  readonly settledWithinMs?: number;
  readonly say?: (line: string) => void;
  /** Ends it after the step under way. */
  readonly signal?: AbortSignal;
}

export interface Simulated {
  readonly findings: readonly Finding[];
  /** How often each kind of action came to pass, and each kind of trouble. */
  readonly happened: ReadonlyMap<string, number>;
  /** How many deletions came so far. */
  readonly reached: ReadonlyMap<string, number>;
  /** Steps after which something was still under way. */
  readonly unsettled: readonly string[];
}

/** One backup in each step, a moment sooner or later. */
const intervalOf = ({ stepDays }: SimulationOptions): number => stepDays + 1;

/** Identity is killed once in so many steps, whatever else happens. */
const IDENTITY_EVERY = 10;

/** Before a deadline: what must not have happened yet has not. */
const EVE_DAYS = 0.1;
const BACKUPS_KEPT_DAYS = 30;
/** Requests of so many organizations at once. */
const AT_ONCE = 6;
const WRONG_FOR_MS = 1_000;
/** What failed is tried again a minute later, by the clock that is moved. */
const RETRIED_MS = 120_000;

/**
 * Years of many organizations on a whole system, as `npm start` runs it, whose clock is moved. Everything that organizations do, they do by
 * the public API, but for what the operator does; what is checked is read from the stores.
 */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-simulation-'));
  const offset = path.join(folder, 'offset');
  const time = await timeIn(offset);
  const system = await startForTests(
    {
      VOUCHSAFE_CLOCK_OFFSET_FILE: offset,
      // A key that is held open puts a receipt off.
      VOUCHSAFE_KEY_CACHE_MS: '0',
      VOUCHSAFE_BACKUPS_KEPT_DAYS: String(BACKUPS_KEPT_DAYS),
      VOUCHSAFE_BACKUP_INTERVAL_DAYS: String(intervalOf(options)),
      ...options.env,
    },
    { killsServices: true, stripeClock: () => time.now().getTime() },
  ).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const backups = path.join(folder, 'backups');
  const stores = await openStores(system, backups);
  const { operatorOrganizationId } = system.secrets;
  const world: World = {
    ...{ system, time, stores, story: { operatorOrganizationId, organizations: [] } },
    asOperator: await operatorOf(system, time),
  };
  try {
    return await live(world, options, backups);
  } finally {
    await stores.close();
    await system.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A simulation on its way. */
interface Run {
  readonly world: World;
  readonly options: SimulationOptions;
  readonly policy: BackupPolicy;
  /** What goes wrong does not change what organizations do. */
  readonly trouble: Random;
  readonly found: Finding[];
  readonly unsettled: string[];
  readonly happened: Map<string, number>;
  /** Of an organization that was deleted nothing says any more when its owners were told. */
  readonly notices: Map<string, readonly Date[]>;
  before: Seen;
}

async function live(world: World, options: SimulationOptions, backups: string): Promise<Simulated> {
  const { time, stores, story } = world;
  const { seed, days, stepDays, signal, say = () => undefined } = options;
  const start = time.now();
  const run: Run = {
    ...{ world, options, trouble: randomOf(seed + 1) },
    policy: { kept: BACKUPS_KEPT_DAYS, interval: intervalOf(options) },
    ...{ found: [], unsettled: [], happened: new Map(), notices: new Map() },
    before: await stores.look(start),
  };
  const lives = livesOf(randomOf(seed), options);
  const living = new Map<Life, Organization>();
  for (let step = 0; step * stepDays <= days && !signal?.aborted; step += 1) {
    const day = plusDays(start, step * stepDays);
    await goOn(run, plusDays(day, -EVE_DAYS), troubleOf(run, step));
    await time.moveTo(day);
    await act(run, lives, living, step);
    await goOn(run, day, null);
    await backUp(world, backups, options.keptDays ?? BACKUPS_KEPT_DAYS, run.before);
    say(`day ${step * stepDays}: ${story.organizations.length} organizations, ${run.found.length} findings`);
  }
  const { found, unsettled, happened } = run;
  return { findings: found, happened, reached: reachedIn(run.before), unsettled };
}

/** To a time; waits for what is due then, looks at the stores, and checks. */
async function goOn(run: Run, to: Date, wrong: TroubleKind | null): Promise<void> {
  const { world, options, found, unsettled, notices, policy } = run;
  const { time, stores, story } = world;
  if (wrong === null) await time.moveTo(to);
  else await goWrong(run, to, wrong);
  const waiting = await settled(world, options.settledWithinMs ?? 60_000);
  if (waiting !== null) unsettled.push(`${to.toISOString()}: ${waiting}`);
  await noteHolds(world);
  await noteReturns(world);
  const seen = await stores.look(time.now());
  for (const [id, told] of seen.notices) notices.set(id, told);
  const whole = { ...seen, notices: new Map(notices) };
  found.push(...findings({ story, seen: whole, before: run.before, policy }));
  run.before = whole;
}

function troubleOf({ trouble: random, options }: Run, step: number): TroubleKind | null {
  const happens = random.between(1, options.trouble) === 1;
  const kind = random.pick(['kill', 'kill', 'restart', 'fail-tasks'] as const);
  if (step % IDENTITY_EVERY === IDENTITY_EVERY - 1) return 'kill-identity';
  return happens ? kind : null;
}

/** Time moves while something is wrong; then it is put right. */
async function goWrong(
  { world, trouble: random, happened }: Run,
  to: Date,
  kind: TroubleKind,
): Promise<void> {
  const moving = world.time.moveTo(to);
  const putRight = await troubles[kind](world, random, happened.get(kind) ?? 0);
  await moving;
  await new Promise((resolve) => setTimeout(resolve, WRONG_FOR_MS));
  await putRight();
  await world.time.moveTo(new Date(to.getTime() + RETRIED_MS));
  increment(happened, kind);
}

async function act(
  { world, happened }: Run,
  lives: readonly Life[],
  living: Map<Life, Organization>,
  step: number,
): Promise<void> {
  const busy = lives.filter(({ from, actions: planned }) => from === step || planned.has(step));
  const one = async (life: Life): Promise<void> => {
    if (life.from === step) {
      living.set(life, await begin(world, life.name, life.isVerified));
      increment(happened, life.isVerified ? 'sign-up' : 'sign-up without a confirmation');
    }
    const organization = living.get(life);
    for (const kind of life.actions.get(step) ?? [])
      if (organization) increment(happened, (await attempt(world, organization, kind)) ? kind : `no ${kind}`);
  };
  const queue = [...busy];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let life = queue.shift(); life; life = queue.shift()) await one(life);
    }),
  );
}

/** Whoever cannot log in any more does nothing. */
async function attempt(world: World, organization: Organization, kind: Kind): Promise<boolean> {
  try {
    return await actions[kind](world, organization);
  } catch (error) {
    if (String(error).includes('No session')) return false;
    throw new Error(`${kind} of ${organization.organizationId}`, { cause: error });
  }
}

/** From now on the holds that every service has confirmed count. */
async function noteHolds({ stores, story, time }: World): Promise<void> {
  const open = story.organizations.flatMap(({ holds }) =>
    holds.filter(({ inForceAt }) => inForceAt === null),
  );
  if (open.length === 0) return;
  const rows = await stores.query<{ id: string }>(
    'lifecycle',
    `select hold_id::text as id from legal_hold where hold_id = any ($1) and status <> 'pending'`,
    [open.map(({ holdId }) => holdId)],
  );
  for (const hold of open) if (rows.some(({ id }) => id === hold.holdId)) hold.inForceAt = time.now();
}

/** Which parts archives got, and when they were ready: nothing else says it when they are gone. */
async function noteReturns({ stores, story }: World): Promise<void> {
  const asked = story.organizations.flatMap(({ returns }) =>
    returns.filter(({ returnId, readyAt }) => returnId !== null && readyAt === null),
  );
  if (asked.length === 0) return;
  const ids = asked.map(({ returnId }) => returnId);
  const ready = await stores.query<{ id: string; at: string }>(
    'lifecycle',
    `select payload ->> 'returnId' as id, metadata ->> 'occurredAt' as at from event
     where type = 'return-ready' and payload ->> 'returnId' = any ($1)`,
    [ids],
  );
  const parts = await stores.query<{ id: string; part: string }>(
    'lifecycle',
    `select return_id::text as id, part_id::text as part from return_part where return_id = any ($1::uuid[]) and status = 'kept'`,
    [ids],
  );
  for (const one of asked) {
    const at = ready.find(({ id }) => id === one.returnId)?.at;
    if (at === undefined) continue;
    one.readyAt = new Date(at);
    for (const { id, part } of parts) if (id === one.returnId) one.partIds.add(part);
  }
}

/**
 * A backup of this moment, and those that are not needed go, as by `npm run backup`. What a backup holds of an organization is played: a
 * list of whom it holds data of.
 */
async function backUp(
  { system, time }: World,
  folder: string,
  keptDays: number,
  { rows }: Seen,
): Promise<void> {
  const records = path.join(system.folder, 'tombstones', 'backups.jsonl');
  const note = (line: BackupLine) => appendFile(records, `${JSON.stringify(line)}\n`);
  const backupId = randomUUID();
  const place = path.join(folder, backupId);
  await note({ backupId, startedAt: time.now().toISOString(), place });
  await mkdir(place, { recursive: true });
  const held = [...rows].filter(([, of]) => [...of.keys()].some((name) => /\.(event|entry)$/.test(name)));
  await writeFile(path.join(place, 'organizations'), held.map(([id]) => id).join('\n'));
  for (const due of dueForRemoval((await backupsIn(records)).backups, keptDays, time.now())) {
    await rm(due.place, { recursive: true });
    await note({ backupId: due.backupId, removedAt: time.now().toISOString() });
  }
}

function reachedIn({ milestones }: Seen): ReadonlyMap<string, number> {
  const reached = new Map<string, number>();
  for (const of of milestones.values()) for (const name of of.keys()) increment(reached, name);
  return reached;
}

function increment(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1);
}
