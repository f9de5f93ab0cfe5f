import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { INestApplicationContext, Provider } from '@nestjs/common';
import { Database, type Sql, type Transaction } from '@vouchsafe/database';
import { EventStore } from '@vouchsafe/event-store';
import {
  type DeadLetter,
  deadLetters,
  type DeadLetterQueue,
  reactionTable,
  settleDeadLetters,
} from '@vouchsafe/messaging';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { CONFIG, LOGGER, readServiceConfig, type ServiceDefinition } from '../boot.js';
import { Clock, clockOf, Ids, RandomIds } from '../clock.js';
import { type Given, Refusal, runCommand, UsageError } from '../command-line.js';
import type { HostConfig } from '../config.js';
import { serviceLogger } from '../logging.js';
import { DataStoresModule } from '../data-stores/data-stores.module.js';
import { HeldError, refuseHeld } from '../data-stores/destroying.js';
import { passwordOf, type PersistenceConfig } from '../persistence/persistence.config.js';
import { options, usageOf, verbOf } from './arguments.js';
import { type Settlement, singleLine } from './settlement.js';
import { reactionsBeside } from './reactions-beside.js';
import { publishSettled } from './settled.js';

/** Writes the entry of the audit log, in the transaction that settles the message. */
export type RecordSettlement = (
  transaction: Transaction,
  message: DeadLetter,
  fate: 'replayed' | 'discarded',
  settlement: Settlement,
) => Promise<void>;

export interface DeadLettersProgram<Config extends z.ZodObject> {
  /** The service whose dead letters are settled, by the reactions of its module. */
  readonly definition: ServiceDefinition<Config>;
  /** The consumer group. */
  readonly group: string;
  /** What the reactions use besides `Database`, `Vault`, `EventStore`, `Clock` and the configuration. */
  readonly providers?: readonly Provider[];
  /** Only for the service that keeps the audit log; the others publish what was settled, and audit records it. */
  readonly record?: (app: INestApplicationContext) => RecordSettlement;
}

/** For a service's `dead-letters.ts`: does what the arguments of the process say, and sets its exit code. */
export function runDeadLetters<Config extends z.ZodObject>(
  program: DeadLettersProgram<Config>,
): Promise<void> {
  const command = { usage: usageOf('dead-letters'), options, takesPositionals: true };
  return runCommand(command, (given) => settle(program, given));
}

async function settle<Config extends z.ZodObject>(
  program: DeadLettersProgram<Config>,
  { values, positionals }: Given<typeof options>,
): Promise<void> {
  const verb = verbOf(positionals);
  if (!verb) throw new UsageError('Give one of list, replay, discard.');
  if (verb === 'list' && (values.message ?? values.reason ?? values.by) !== undefined)
    throw new UsageError('list takes no --message, --reason or --by.');
  if (values.organization !== undefined && !z.uuid().safeParse(values.organization).success)
    throw new UsageError('--organization must be the id of an organization, as shown by list.');
  const { definition, group } = program;
  const config = readServiceConfig(definition, process.env) as z.output<Config> &
    HostConfig &
    PersistenceConfig;
  const clock = clockOf(config);
  const now = () => clock.now();
  const database = new Database({
    service: definition.name,
    url: config.VOUCHSAFE_DATABASE_URL,
    password: (role) => passwordOf(config, role),
    poolSize: 2,
  });
  const vault = new Vault({
    provider: await localKeyProvider(config.VOUCHSAFE_KEK_FILE, { create: false }),
    environment: config.VOUCHSAFE_ENVIRONMENT,
    now,
  });
  const { reactions, app } = await reactionsBeside(definition, config, [
    { provide: CONFIG, useValue: config },
    // What reactions log is not what was asked for.
    { provide: LOGGER, useValue: serviceLogger(definition.name, config.VOUCHSAFE_LOG_LEVEL, process.stderr) },
    { provide: Clock, useValue: clock },
    { provide: Ids, useValue: new RandomIds() },
    { provide: Database, useValue: database },
    { provide: Vault, useValue: vault },
    { provide: EventStore, useValue: new EventStore({ database, vault }) },
    ...DataStoresModule.beside(config),
    ...(program.providers ?? []),
  ]);
  const record = program.record?.(app) ?? publishSettled(app.get(EventStore));
  const queue: DeadLetterQueue = { database, vault, group, table: reactionTable(reactions), now };
  try {
    if (verb === 'list') {
      await list(queue, values);
      return;
    }
    const wanted = await targets(queue, values);
    const settlement = await settlementOf(values, verb, now());
    const settle = settleDeadLetters(queue, async (transaction, message, fate) => {
      // What is discarded is destroyed; it is gone when this commits, or not at all.
      if (fate === 'discarded') await refuseWhereHeld(transaction, message);
      await record(transaction, message, fate, settlement);
    });
    await (verb === 'replay' ? replay(settle, wanted) : discard(settle, wanted));
  } finally {
    await database.close();
  }
}

async function refuseWhereHeld(sql: Sql, { organizationId }: DeadLetter): Promise<void> {
  await refuseHeld(sql, { organizations: [organizationId] }).catch((error: unknown) => {
    throw error instanceof HeldError ? new Refusal(`${error.message}. Nothing was discarded.`) : error;
  });
}

type Options = Given<typeof options>['values'];

async function list(queue: DeadLetterQueue, { organization }: Options): Promise<void> {
  const messages = deadLetters(queue);
  const found = await messages.list(organization ?? null, 1000);
  for (const one of found) console.log(describe(one));
  const all = await messages.count();
  console.log(all === 0 ? 'There are no dead letters.' : `${all} dead letters, ${found.length} shown.`);
}

/** Ids, types, times and the kind of failure: nothing of the message's data. */
function describe(message: DeadLetter): string {
  const { messageId, organizationId, type, deadLetteredAt, attempts, error } = message;
  const why = error === null ? 'waits behind' : `${attempts} tries, ${error}`;
  return [messageId, organizationId, type, deadLetteredAt.toISOString(), why].join('  ');
}

interface Targets {
  readonly organizationId: string;
  /** Oldest first; all of the organization's, or one. */
  readonly ids: readonly bigint[];
  /** Whether the first of them is the organization's oldest. */
  readonly head: boolean;
  readonly all: boolean;
}

async function targets(queue: DeadLetterQueue, { organization, message }: Options): Promise<Targets> {
  if ((organization === undefined) === (message === undefined))
    throw new UsageError('Give either --organization or --message.');
  const messages = deadLetters(queue);
  if (organization !== undefined) {
    const ids = await messages.idsOf(organization);
    if (ids.length === 0) throw new Refusal(`There are no dead letters of ${JSON.stringify(organization)}.`);
    return { organizationId: organization, ids, head: true, all: true };
  }
  const one = await messages.find(message ?? '');
  if (!one) throw new Refusal(`No dead letter has the id ${JSON.stringify(message)}.`);
  const { organizationId, id } = one;
  const [first] = await messages.list(organizationId, 1);
  return { organizationId, ids: [id], head: first?.id === id, all: false };
}

async function settlementOf({ reason, by }: Options, verb: string, at: Date): Promise<Settlement> {
  const why = reason ?? (process.stdin.isTTY ? await ask(`Why ${verb}? `) : '');
  return { by: singleLine('--by', by ?? loginName(), 100), reason: singleLine('--reason', why, 500), at };
}

/** In a container the user may have no name. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

type Settling = ReturnType<typeof settleDeadLetters>;

async function replay(settle: Settling, { organizationId, head, all }: Targets): Promise<void> {
  if (!head)
    throw new Refusal(
      'Its organization has older dead letters, and the order is kept: replay or discard those first.',
    );
  const { replayed, left } = await settle.replay(organizationId, all ? undefined : 1);
  console.log(`${replayed} replayed, ${left} left.`);
  if (replayed === 0 || (all && left > 0))
    throw new Refusal('The dead letter failed again (list shows why); those behind it still wait.');
}

async function discard(settle: Settling, { ids }: Targets): Promise<void> {
  let discarded = 0;
  for (const id of ids) if (await settle.discard(id)) discarded += 1;
  console.log(`${discarded} discarded.`);
}
