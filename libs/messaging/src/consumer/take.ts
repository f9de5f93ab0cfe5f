import { setTimeout as sleep } from 'node:timers/promises';
import type { ArrivedFact } from '../cloud-events.js';
import { isTransientFailure } from './failure.js';
import { advanceLanes, laneName, lockLanes } from './lanes.js';
import { addDeadLetter, withDeadLetters } from './add-dead-letter.js';
import type { DeadLetterQueue } from './dead-letter-queue.js';
import { withoutErased } from './late-facts.js';
import { skipIrrelevant } from './skip-irrelevant.js';
import { LostOffsetError, moveOffset } from './offset.js';
import type { LaneNumbers, Portion } from './portion.js';
import { react } from './react.js';

export interface Taking extends DeadLetterQueue {
  /** How often a message is tried before it becomes a dead letter. */
  readonly attempts: number;
  /** Pause after the first failure of a message; doubles with each. */
  readonly pauseMs: number;
}

/**
 * Commits the effects, lanes and offset of a portion in one transaction. When it fails, its halves are tried, down to the message
 * that fails alone: that one is retried with pauses and then set aside; all others have had their effect.
 *
 * @throws LostOffsetError, and transient failures: these never make a dead letter
 */
export async function take(taking: Taking, portion: Portion, signal?: AbortSignal): Promise<LaneNumbers> {
  const { database, group, table } = taking;
  if (!portion.facts.some(({ fact }) => table.concerns(fact.type))) {
    const passed = await skipIrrelevant(database, group, portion);
    if (passed) return passed;
  }
  try {
    return await attempt(taking, portion);
  } catch (error) {
    if (error instanceof LostOffsetError || isTransientFailure(error)) throw error;
    if (portion.facts.length === 1) return retry(taking, portion, error, signal);
    const [first, second] = halves(portion);
    const before = await take(taking, first, signal);
    return new Map([...before, ...(await take(taking, second, signal))]);
  }
}

async function retry(
  taking: Taking,
  portion: Portion,
  firstError: unknown,
  signal: AbortSignal | undefined,
): Promise<LaneNumbers> {
  let error = firstError;
  for (let tried = 1; tried < taking.attempts; tried += 1) {
    await sleep(taking.pauseMs * 2 ** (tried - 1), undefined, signal ? { signal } : {});
    try {
      return await attempt(taking, portion);
    } catch (next) {
      if (next instanceof LostOffsetError || isTransientFailure(next)) throw next;
      error = next;
    }
  }
  return attempt(taking, portion, { error, attempts: taking.attempts });
}

/** @param failure sets the portion's only fact aside instead of handling it */
function attempt(
  taking: Taking,
  { facts, step }: Portion,
  failure?: { readonly error: unknown; readonly attempts: number },
): Promise<LaneNumbers> {
  const { database, group, table, vault } = taking;
  return database.asWorker(async (transaction) => {
    if (step) await moveOffset(transaction, group, step);
    const lanes = await lockLanes(
      transaction,
      group,
      facts.map(({ fact }) => fact),
    );
    const numbers = new Map(lanes);
    const next = facts.map(({ fact }) => fact).filter((fact) => isNext(numbers, fact));
    if (next.length === 0) return numbers;

    const ours = await withoutErased(
      transaction,
      next.filter((fact) => table.concerns(fact.type)),
    );
    const organizations = ours.map((fact) => fact.organizationId);
    const blocked =
      ours.length > 0 ? await withDeadLetters(transaction, group, organizations) : new Set<string>();
    const behind = ours.filter((fact) => blocked.has(fact.organizationId));
    const free = ours.filter((fact) => !blocked.has(fact.organizationId));
    for (const fact of behind) await addDeadLetter(transaction, taking, fact, null);
    if (failure) for (const fact of free) await addDeadLetter(transaction, taking, fact, failure);
    else await react(transaction, vault, table, free);

    await advanceLanes(transaction, group, movedLanes(next, lanes, numbers));
    return numbers;
  });
}

/** A known number is dropped, the next one is taken, and one past a gap waits for the catch-up. */
function isNext(numbers: Map<string, bigint>, fact: ArrivedFact): boolean {
  const name = laneName(fact);
  if (fact.number !== (numbers.get(name) ?? 0n) + 1n) return false;
  numbers.set(name, fact.number);
  return true;
}

function movedLanes(taken: readonly ArrivedFact[], before: LaneNumbers, after: LaneNumbers) {
  const lanes = new Map(taken.map((fact) => [laneName(fact), fact]));
  return [...lanes].map(([name, { source, lane }]) => ({
    source,
    lane,
    number: after.get(name) ?? 0n,
    expected: before.get(name) ?? 0n,
  }));
}

/** The first half's offset is where the second begins. */
function halves({ facts, step }: Portion): [Portion, Portion] {
  const middle = Math.ceil(facts.length / 2);
  const between = step && (facts[middle]?.offset ?? step.next);
  return [
    {
      facts: facts.slice(0, middle),
      step: step && between !== null ? { ...step, next: between } : null,
    },
    { facts: facts.slice(middle), step: step && between !== null ? { ...step, expected: between } : null },
  ];
}
