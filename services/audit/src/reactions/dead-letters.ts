import type { DeadLetterSettled } from '@vouchsafe/contracts';
import { isErased, type Personal } from '@vouchsafe/event-sourcing';
import { type RecordSettlement, settledOf } from '@vouchsafe/service-host';
import { type NewEntry, observedBy } from '../log/entry.js';
import { instantIn } from '../log/instant.js';
import type { Recorder } from '../log/record.js';
import { storedNames } from '../stored-names.js';

/**
 * Records what an operator did about a dead letter of audit itself, in the transaction that settles it: a fact of our own would have to
 * pass the very consumer that is stuck.
 */
export function recordSettled(recorder: Recorder): RecordSettlement {
  return async (transaction, message, fate, settlement) => {
    const entry = entryOfSettled('audit', settledOf(message, fate, settlement));
    const answer = await recorder.record(transaction, [entry]);
    if (answer.status === 'rejected') throw new Error(`The fact cannot be recorded: ${answer.because}`);
  };
}

/** The entry for a dead letter of any service; `source` is that service. */
export function entryOfSettled(source: string, settled: DeadLetterSettled): NewEntry {
  const { organizationId, fate, messageId, by, reason, settledAt, ...matter } = settled;
  return {
    organizationId,
    ...observedBy(source),
    id: null,
    occurredAt: instantIn(settledAt),
    // An operator with the service's keys. The name is the one that they gave; it is not verified (ADR 0015).
    actor: { type: 'staff', id: 'operator' },
    operation: fate === 'replayed' ? storedNames.deadLetterReplayed : storedNames.deadLetterDiscarded,
    entity: { type: storedNames.deadLetter, id: messageId },
    outcome: 'success',
    ...{ sourceIp: null, url: null, userAgent: null, requestId: null },
    details: { ...matter, statedName: textOf(by), reason: textOf(reason) },
    // Names of staff and their reasons stay digests, and so does a message's id: its lane number would show how busy others are.
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

function textOf(value: Personal<string>): string {
  return isErased(value) ? '(erased)' : value;
}
