import { context, type Context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Contract, readableVersions } from '@vouchsafe/contracts';
import type { Transaction } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { ArrivedFact } from '../cloud-events.js';
import { readFact, throughVault, UnreadableFactError, upcastTo } from './facts.js';
import type { Reaction, Received } from './reaction.js';

/** What a consumer does about messages of one type. */
export interface TableEntry {
  /** As the message is written. */
  readonly contract: Contract;
  /** The version that the reactions take: a message of a former one is upcast to it. */
  readonly taken: Contract;
  readonly reactions: readonly Reaction[];
}

/**
 * The reactions of one consumer. Of a contract it takes one version, and reads the former ones that this version knows how to.
 * @throws where reactions take two versions of one contract: each fact would have its effect twice
 */
export function reactionTable(reactions: readonly Reaction[]) {
  const byName = new Map<string, { readonly taken: Contract; readonly reactions: Reaction[] }>();
  for (const reaction of reactions) {
    for (const contract of reaction.contracts) {
      const known = byName.get(contract.name);
      if (!known) byName.set(contract.name, { taken: contract, reactions: [reaction] });
      else if (known.taken.type === contract.type) known.reactions.push(reaction);
      else
        throw new Error(
          `A consumer takes one version of a fact, not both ${known.taken.type} and ${contract.type}`,
        );
    }
  }
  const byType = new Map<string, TableEntry & { readonly age: number }>();
  for (const { taken, reactions: own } of byName.values()) {
    readableVersions(taken).forEach((contract, age) =>
      byType.set(contract.type, { contract, taken, reactions: own, age }),
    );
  }
  return {
    entry: (type: string): TableEntry | undefined => byType.get(type),
    /** Whether there is a reaction to the fact, even in a version that cannot be read here: that becomes a dead letter, and is not skipped. */
    concerns: (type: string): boolean => byType.has(type) || byName.has(nameOf(type)),
    /** Whether messages of the type are encrypted on the bus; for a version that cannot be read here, whether those of the taken one are. */
    isPersonal: (type: string): boolean => {
      const contract = byType.get(type)?.contract ?? byName.get(nameOf(type))?.taken;
      return contract !== undefined && contract.personal.length > 0;
    },
    /** Whether another version of the same fact is the one to take. */
    isTakenOtherwise: ({ type, versions }: Pick<ArrivedFact, 'type' | 'versions'>): boolean => {
      if (versions.length === 1) return false;
      const age = byType.get(type)?.age ?? Number.POSITIVE_INFINITY;
      return versions.some((other) => (byType.get(other)?.age ?? Number.POSITIVE_INFINITY) < age);
    },
  };
}

/** A contract's name: its type without the version. */
function nameOf(type: string): string {
  return type.replace(/\.v\d+$/, '');
}

export type ReactionTable = ReturnType<typeof reactionTable>;

/** Runs the reactions to facts, in their order, inside the caller's transaction. Types without a reaction do not concern us. */
export async function react(
  transaction: Transaction,
  vault: Vault,
  table: ReactionTable,
  facts: readonly ArrivedFact[],
): Promise<void> {
  const read = facts
    .filter(({ type }) => table.concerns(type))
    .map((fact) => {
      const entry = table.entry(fact.type);
      if (!entry) throw new UnreadableFactError(fact, 'a version that is not taken here');
      return { fact: readFact(fact, entry.contract), entry };
    });
  const received = await receive(transaction, vault, read);
  const due = received.map((fact, index) => ({ fact, reactions: read[index]?.entry.reactions ?? [] }));
  for (const run of runs(due)) {
    for (const reaction of run.reactions) {
      if (reaction.batch) {
        await traced(run.facts, () => reaction.handle(run.facts, transaction));
      } else {
        for (const fact of run.facts) await traced([fact], () => reaction.handle(fact, transaction));
      }
    }
  }
}

/** Through the vault by the marks of the version that was written; what is upcast goes through it again, by the marks of the version taken. */
async function receive(
  sql: Transaction,
  vault: Vault,
  read: readonly { readonly fact: Received; readonly entry: TableEntry }[],
): Promise<Received[]> {
  const arrived = await throughVault(
    sql,
    vault,
    read.map(({ fact, entry }) => ({ fact, contract: entry.contract })),
  );
  if (read.every(({ entry }) => entry.contract === entry.taken)) return arrived;
  return throughVault(
    sql,
    vault,
    arrived.map((fact, index) => {
      const entry = read[index]?.entry ?? fail();
      return { fact: upcastTo(entry.taken, fact), contract: entry.taken };
    }),
  );
}

function fail(): never {
  throw new Error('The vault returned another number of values than it was given');
}

/** Consecutive facts with the same reactions. */
function runs(due: readonly { readonly fact: Received; readonly reactions: readonly Reaction[] }[]) {
  const found: { facts: Received[]; reactions: readonly Reaction[] }[] = [];
  for (const { fact, reactions } of due) {
    const last = found.at(-1);
    const same =
      last?.reactions.length === reactions.length &&
      reactions.every((reaction, index) => reaction === last.reactions[index]);
    if (same) last.facts.push(fact);
    else found.push({ facts: [fact], reactions });
  }
  return found;
}

/** One fact continues its trace; a batch starts a span of its own, linked to the trace of each fact. */
async function traced(facts: readonly Received[], work: () => Promise<void>): Promise<void> {
  const [first] = facts;
  if (!first) return;
  const single = facts.length === 1;
  const parent = single ? contextOf(first) : context.active();
  const links = single
    ? []
    : facts.flatMap((fact) => {
        const linked = trace.getSpanContext(contextOf(fact));
        return linked ? [{ context: linked }] : [];
      });
  const options = {
    kind: SpanKind.CONSUMER,
    links,
    attributes: { 'messaging.operation.type': 'process', 'messaging.batch.message_count': facts.length },
  };
  await trace
    .getTracer('@vouchsafe/messaging')
    .startActiveSpan(`process ${first.type}`, options, parent, async (span) => {
      try {
        await work();
      } catch (error) {
        // The name alone: a message may repeat personal values.
        span.setStatus({
          code: SpanStatusCode.ERROR,
          message: error instanceof Error ? error.name : 'error',
        });
        throw error;
      } finally {
        span.end();
      }
    });
}

function contextOf({ traceparent }: Received): Context {
  return traceparent === undefined
    ? context.active()
    : propagation.extract(context.active(), { traceparent });
}
