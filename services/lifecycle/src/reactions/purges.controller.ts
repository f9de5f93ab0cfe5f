import { Controller } from '@nestjs/common';
import { type DataOf, facts, serviceNames } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Purges } from '../purge/purges.js';

const receipts = serviceNames.map((name) => facts[name].organizationErased);

/** Every service answers a purge by a receipt of its own, this one too; the last of them completes it in production (P31). */
@Controller()
export class PurgesController {
  constructor(private readonly purges: Purges) {}

  @ReactsTo(receipts, { permission: 'lifecycle:write' })
  async noteReceipt(
    { source, data }: Received<DataOf<(typeof receipts)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId: _, erasedOrganizationId, erasureId, retained, ...receipt } = data;
    const which = { erasureId, organizationId: erasedOrganizationId };
    await this.purges.noteReceipt(transaction, which, {
      ...{ ...receipt, service: source, retained: retained ?? [] },
    });
  }
}
