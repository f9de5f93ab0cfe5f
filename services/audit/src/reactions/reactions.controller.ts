import { Controller } from '@nestjs/common';
import {
  consumedBy,
  type DataOf,
  gatewayFacts,
  newestContractsOf,
  type DeadLetterSettled,
  storedNames,
} from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received, RefusedFactError } from '@vouchsafe/messaging';
import type { NewEntry } from '../log/entry.js';
import { Recorder } from '../log/record.js';
import { entryOfRequest } from './access-log.js';
import { entryOfFact } from './identity-facts.js';
import { entryOfSettled } from './dead-letters.js';

const told = consumedBy('audit').flatMap(newestContractsOf);
/** What an operator did about a dead letter has a form of its own, whichever service tells it. */
const settled = told.filter(({ name }) => name.endsWith(`.${storedNames.deadLetterSettled}`));
/** That an erasure is complete is the fact that counts, not each receipt. */
const asTheyAre = told.filter(
  (contract) =>
    !settled.includes(contract) &&
    contract !== gatewayFacts.requestHandled &&
    !contract.name.endsWith('.subject-erased'),
);
const contracts = new Map(asTheyAre.map((contract) => [contract.type as string, contract]));

/** What the other services tell becomes entries, whole batches in one transaction with the offsets of what was consumed. */
@Controller()
export class ReactionsController {
  constructor(private readonly recorder: Recorder) {}

  @ReactsTo([gatewayFacts.requestHandled, ...settled, ...asTheyAre], {
    permission: 'audit:write',
    batch: true,
  })
  async record(facts: readonly Received[], { transaction }: ReactionContext): Promise<void> {
    const answer = await this.recorder.record(transaction, facts.map(entryOf));
    // The consumer tries the facts one by one then, and dead-letters the one that cannot be recorded.
    if (answer.status === 'rejected') throw new RefusedFactError(answer.because);
  }
}

function entryOf({ type, data }: Received): NewEntry {
  if (type === gatewayFacts.requestHandled.type) {
    return entryOfRequest(data as DataOf<typeof gatewayFacts.requestHandled>);
  }
  const deadLetter = settled.find((contract) => contract.type === type);
  if (deadLetter) return entryOfSettled(deadLetter.owner, data as DeadLetterSettled);
  const contract = contracts.get(type);
  if (!contract) throw new Error(`No reaction to ${type}`);
  return entryOfFact(contract, data as Parameters<typeof entryOfFact>[1]);
}
