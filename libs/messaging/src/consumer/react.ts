import { context, type Context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Contract } from '@vouchsafe/contracts';
import type { Transaction } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { ArrivedFact } from '../cloud-events.js';
import { readFact, throughVault } from './facts.js';
import type { Reaction, Received } from './reaction.js';

/** The reactions of one consumer, by the type of the fact. */
export function reactionTable(reactions: readonly Reaction[]) {
  const byType = new Map<string, { contract: Contract; reactions: Reaction[] }>();
  for (const reaction of reactions) {
    for (const contract of reaction.contracts) {
      const known = byType.get(contract.type);
      if (known) known.reactions.push(reaction);
      else byType.set(contract.type, { contract, reactions: [reaction] });
    }
  }
  return byType;
}

export type ReactionTable = ReturnType<typeof reactionTable>;

/** Runs the reactions to facts, in their order, inside the caller's transaction. Types without a reaction do not concern us. */
export async function react(
  transaction: Transaction,
  vault: Vault,
  table: ReactionTable,
  facts: readonly ArrivedFact[],
): Promise<void> {
  const read = facts.flatMap((fact) => {
    const entry = table.get(fact.type);
    return entry
      ? [{ fact: readFact(fact, entry.contract), contract: entry.contract, reactions: entry.reactions }]
      : [];
  });
  const received = await throughVault(transaction, vault, read);
  const due = received.map((fact, index) => ({ fact, reactions: read[index]?.reactions ?? [] }));
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
