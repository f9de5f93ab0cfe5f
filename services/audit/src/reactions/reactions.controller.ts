import { Controller } from '@nestjs/common';
import {
  type Contract,
  consumedBy,
  type DataOf,
  gatewayFacts,
  lifecycleFacts,
  newestContractsOf,
  type DeadLetterSettled,
  storedNames,
} from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received, RefusedFactError } from '@vouchsafe/messaging';
import type { NewEntry } from '../log/entry.js';
import { Recorder } from '../log/record.js';
import { entryOfRequest } from './access-log.js';
import { entryOfSettled } from './dead-letters.js';
import { factEntry } from './facts.js';

type Describe = (data: object) => NewEntry;

/** Receipts and confirmations that every service gives: the fact that all of them have becomes an entry. */
const ofEachService = ['subject-erased', 'organization-erased', 'hold-confirmed'];

/** How a fact becomes an entry; undefined for one that becomes none. */
function describerOf(contract: Contract): Describe | undefined {
  if (ofEachService.some((name) => contract.name.endsWith(`.${name}`))) return undefined;
  // Nobody sees a request of a data subject before its address is confirmed (P10).
  if (contract === lifecycleFacts.dataRequestEntered) return undefined;
  if (contract === gatewayFacts.requestHandled)
    return (data) => entryOfRequest(data as DataOf<typeof gatewayFacts.requestHandled>);
  // What an operator did about a dead letter has its own form of entry, whichever service publishes it.
  if (contract.name.endsWith(`.${storedNames.deadLetterSettled}`))
    return (data) => entryOfSettled(contract.owner, data as DeadLetterSettled);
  return factEntry(contract);
}

const describers = new Map<Contract, Describe>();
for (const contract of consumedBy('audit').flatMap(newestContractsOf)) {
  const describe = describerOf(contract);
  if (describe) describers.set(contract, describe);
}
const byType = new Map([...describers].map(([{ type }, describe]) => [type as string, describe]));

/** Facts of the other services become entries, a whole batch in one transaction with the consumer's offset. */
@Controller()
export class ReactionsController {
  constructor(private readonly recorder: Recorder) {}

  @ReactsTo([...describers.keys()], { permission: 'audit:write', batch: true })
  async record(facts: readonly Received[], { transaction }: ReactionContext): Promise<void> {
    const answer = await this.recorder.record(transaction, facts.map(entryOf));
    // Then the consumer tries the facts one by one, and the one that cannot be recorded becomes a dead letter.
    if (answer.status === 'rejected') throw new RefusedFactError(answer.because);
  }
}

function entryOf({ type, data }: Received): NewEntry {
  const describe = byType.get(type);
  if (!describe) throw new Error(`No reaction to ${type}`);
  return describe(data);
}
