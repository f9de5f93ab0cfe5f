import { Controller, Inject } from '@nestjs/common';
import { type DataOf, facts, serviceNames } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { IDENTITY, type Identity } from '../identity.js';

const receipts = serviceNames.map((name) => facts[name].subjectErased);

/** Every service answers an erasure by a receipt of its own, this one too; the last of them completes it (P10). */
@Controller()
export class ReceiptsController {
  constructor(@Inject(IDENTITY) private readonly identity: Pick<Identity, 'store' | 'aggregates'>) {}

  @ReactsTo(receipts, { permission: 'members:write' })
  async noteReceipt(
    { source, data, time, traceparent }: Received<DataOf<(typeof receipts)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, userId, erasureId, keysDestroyed, destroyedAt, effectiveFrom } = data;
    const { store, aggregates } = this.identity;
    const envelope = {
      actor: { type: 'service', id: source },
      occurredAt: time,
      requestId: null,
      ...(traceparent === undefined ? {} : { traceparent }),
    } as const;
    const noted = await store
      .unit(transaction, organizationId, envelope)
      .execute(aggregates.erasure, userId, {
        type: 'note-receipt',
        erasureId,
        receipt: { service: source, keysDestroyed, destroyedAt, effectiveFrom },
      });
    // Never skipped: whoever gave it was told of an erasure that this service does not know.
    if ('rejected' in noted) throw new Error(`A receipt of ${source} for an erasure that nobody asked for`);
  }
}
