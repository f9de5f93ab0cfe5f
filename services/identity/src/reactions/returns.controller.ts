/** @promise P30 the owners are told when the archive of their organization's data is ready */
import { Controller } from '@nestjs/common';
import { type DataOf, lifecycleFacts } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Vault } from '@vouchsafe/vault';
import { addressOf } from '../email-address.js';
import { EmailOutbox } from '../email/email-outbox.js';

@Controller()
export class ReturnsController {
  constructor(
    private readonly vault: Vault,
    private readonly emails: EmailOutbox,
  ) {}

  /** An email to every owner of this moment; each once, however often the fact comes. */
  @ReactsTo(lifecycleFacts.returnReady, { permission: 'lifecycle:write' })
  async tellOwners(
    { data }: Received<DataOf<typeof lifecycleFacts.returnReady>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, returnId, parts, expiresAt } = data;
    const owners = await transaction.query<{ user_id: string; name: string }>(
      `select user_id, name from member join organization using (organization_id)
       where organization_id = $1 and role = 'owner'`,
      [organizationId],
    );
    for (const { user_id: userId, name: organization } of owners) {
      const email = await addressOf(this.vault, transaction, { organizationId, userId });
      if (email === null) continue;
      await this.emails.post(transaction, {
        organizationId,
        subjectId: userId,
        content: { kind: 'return-ready', email, organization, returnId, parts, expiresAt },
        idempotencyKey: `return-ready:${returnId}:${userId}`,
      });
    }
  }
}
