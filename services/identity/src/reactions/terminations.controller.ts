/** @promise P31 an organization that has ended is inactive, and its owners are told what happens when */
import { Controller } from '@nestjs/common';
import { type DataOf, lifecycleFacts } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Vault } from '@vouchsafe/vault';
import { addressOf } from '../email-address.js';
import { EmailOutbox } from '../email/email-outbox.js';
import { noteUseByAll } from '../unused-account/note-use.js';

@Controller()
export class TerminationsController {
  constructor(
    private readonly vault: Vault,
    private readonly emails: EmailOutbox,
  ) {}

  @ReactsTo(lifecycleFacts.organizationDeactivated, { permission: 'lifecycle:write' })
  async deactivate(
    { data }: Received<DataOf<typeof lifecycleFacts.organizationDeactivated>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    await transaction.query('update organization set inactive_since = $2 where organization_id = $1', [
      data.organizationId,
      data.endedAt,
    ]);
  }

  @ReactsTo(lifecycleFacts.terminationMoved, { permission: 'lifecycle:write' })
  async move(
    { data }: Received<DataOf<typeof lifecycleFacts.terminationMoved>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    await transaction.query(
      'update organization set inactive_since = $2 where organization_id = $1 and inactive_since is not null',
      [data.organizationId, data.endedAt],
    );
  }

  @ReactsTo(lifecycleFacts.organizationReactivated, { permission: 'lifecycle:write' })
  async reactivate(
    { data, time }: Received<DataOf<typeof lifecycleFacts.organizationReactivated>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    // Only owners could log in meanwhile.
    await noteUseByAll(transaction, data.organizationId, time);
    await transaction.query('update organization set inactive_since = null where organization_id = $1', [
      data.organizationId,
    ]);
  }

  /** An email to every owner of this moment; each once, however often the fact comes. */
  @ReactsTo(lifecycleFacts.terminationNoticeDue, { permission: 'lifecycle:write' })
  async tellOwners(
    { data }: Received<DataOf<typeof lifecycleFacts.terminationNoticeDue>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { organizationId, epoch, notice, cause, endedAt, purgeFrom } = data;
    const { productionErasedBy, backupsExpiredBy, certificateId = null, returnUntil = null } = data;
    const owners = await transaction.query<{ user_id: string; name: string }>(
      `select user_id, name from member join organization using (organization_id)
       where organization_id = $1 and role = 'owner'`,
      [organizationId],
    );
    for (const { user_id: userId, name } of owners) {
      const email = await addressOf(this.vault, transaction, { organizationId, userId });
      if (email === null) continue;
      await this.emails.post(transaction, {
        organizationId,
        subjectId: userId,
        content: {
          kind: 'termination-notice',
          ...{ email, organization: name, epoch, notice, cause, endedAt, purgeFrom },
          ...{ productionErasedBy, backupsExpiredBy, certificateId, returnUntil },
        },
        idempotencyKey: `termination-notice:${organizationId}:${epoch}:${notice}:${userId}`,
      });
    }
  }
}
