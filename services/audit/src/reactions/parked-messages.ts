import type { ParkedMessage } from '@vouchsafe/messaging';
import type { ParkedProgram } from '@vouchsafe/service-host';
import type { NewEntry } from '../log/entry.js';
import type { Recorder } from '../log/record.js';
import type { auditConfig } from '../audit.config.js';

type Record = ReturnType<ParkedProgram<typeof auditConfig>['parts']>['record'];

/**
 * What an operator did about a parked fact, in the log of the organization that it is about. Straight into the log, in the transaction
 * that settles the fact: a fact of our own would have to pass the very consumer that is stuck.
 */
export function recordSettled(recorder: Recorder): Record {
  return async (transaction, message, fate, order) => {
    const answer = await recorder.record(transaction, [entryOf(message, fate, order)]);
    if (answer.status === 'rejected') throw new Error(`It cannot be recorded: ${answer.because}`);
  };
}

function entryOf(
  { organizationId, messageId, type, time, parkedAt, attempts }: ParkedMessage,
  fate: 'replayed' | 'discarded',
  { by, reason, at }: Parameters<Record>[3],
): NewEntry {
  return {
    organizationId,
    source: 'audit',
    id: null,
    occurredAt: at,
    actor: { type: 'staff', id: by },
    operation: fate === 'replayed' ? 'parked-message.replay' : 'parked-message.discard',
    entity: { type: 'parked-message', id: messageId },
    outcome: 'success',
    ...{ sourceIp: null, url: null, userAgent: null, requestId: null },
    details: {
      ...{ type, attempts, reason },
      ...{ publishedAt: time.toISOString(), parkedAt: parkedAt.toISOString() },
    },
    // Names of staff and their words stay digests; a message's id holds a number of its lane, which shows how busy others are.
    clear: new Set(['details.type', 'details.attempts', 'details.publishedAt', 'details.parkedAt']),
    subject: null,
  };
}
