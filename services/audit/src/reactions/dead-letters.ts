import type { DeadLetterSettled } from '@vouchsafe/contracts';
import { isErased, type Personal } from '@vouchsafe/event-sourcing';
import { type RecordOrdered, settledOf } from '@vouchsafe/service-host';
import { type NewEntry, observedBy } from '../log/entry.js';
import { instantIn } from '../log/instant.js';
import type { Recorder } from '../log/record.js';
import { storedNames } from '../stored-names.js';

/**
 * What an operator did about a fact that audit had dead-lettered, straight into the log of the organization that it is about, in the transaction
 * that settles the fact: a fact of our own would have to pass the very consumer that is stuck.
 */
export function recordSettled(recorder: Recorder): RecordOrdered {
  return async (transaction, message, fate, order) => {
    const entry = entryOfSettled('audit', settledOf(message, fate, order));
    const answer = await recorder.record(transaction, [entry]);
    if (answer.status === 'rejected') throw new Error(`The fact cannot be recorded: ${answer.because}`);
  };
}

/** The same of any service: `source` is the one that had dead-lettered it. */
export function entryOfSettled(source: string, settled: DeadLetterSettled): NewEntry {
  const { organizationId, fate, messageId, by, reason, settledAt, ...matter } = settled;
  return {
    organizationId,
    ...observedBy(source),
    id: null,
    occurredAt: instantIn(settledAt),
    // Whoever holds the service's keys; who that was, nobody has checked: the name is what they said (ADR 0015).
    actor: { type: 'staff', id: 'operator' },
    operation: fate === 'replayed' ? storedNames.deadLetterReplayed : storedNames.deadLetterDiscarded,
    entity: { type: storedNames.deadLetter, id: messageId },
    outcome: 'success',
    ...{ sourceIp: null, url: null, userAgent: null, requestId: null },
    details: { ...matter, statedName: told(by), reason: told(reason) },
    // Names of staff and their words stay digests; a message's id holds a number of its lane, which shows how busy others are.
    clear: new Set([
      'actor.id',
      'details.messageType',
      'details.attempts',
      'details.publishedAt',
      'details.parkedAt',
    ]),
    subject: null,
  };
}

function told(value: Personal<string>): string {
  return isErased(value) ? '(erased)' : value;
}
