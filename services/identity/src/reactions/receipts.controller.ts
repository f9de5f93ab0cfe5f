import { Controller } from '@nestjs/common';
import { type DataOf, facts, serviceNames } from '@vouchsafe/contracts';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { erasureAggregate } from '../erasure/erasure.aggregate.js';

const receipts = serviceNames.map((name) => facts[name].subjectErased);

/** Every service answers an erasure by a receipt of its own, this one too; the last of them completes it (P10). */
@Controller()
export class ReceiptsController {
  constructor(private readonly store: EventStore) {}

  @ReactsTo(receipts, { permission: 'members:write' })
  async noteReceipt(
    { source, data, time, traceparent }: Received<DataOf<(typeof receipts)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, userId, erasureId, keysDestroyed, destroyedAt, effectiveFrom, retained } = data;
    const envelope = {
      actor: { type: 'service', id: source },
      occurredAt: time,
      requestId: null,
      ...(traceparent === undefined ? {} : { traceparent }),
    } as const;
    const noted = await this.store
      .unit(transaction, organizationId, envelope)
      .execute(erasureAggregate, userId, {
        type: 'note-receipt',
        erasureId,
        receipt: { service: source, keysDestroyed, destroyedAt, effectiveFrom, retained: retained ?? [] },
      });
    // Never skipped: another service carried out an erasure that identity does not know.
    if (isRejected(noted)) throw new Error(`A receipt of ${source} for an erasure that was never requested`);
  }
}
