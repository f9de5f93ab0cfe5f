/** @promise P10 what identity and the services say of an erasure that a request asked for */
import { Controller } from '@nestjs/common';
import { type DataOf, facts, identityFacts, serviceNames } from '@vouchsafe/contracts';
import type { Transaction } from '@vouchsafe/database';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Clock } from '@vouchsafe/service-host';
import type { DataRequestCommand } from '../request/data-request.decider.js';
import { DataRequests } from '../request/data-requests.js';
import { IssueReceipt } from '../request/issue-receipt.js';

const receipts = serviceNames.map((name) => facts[name].subjectErased);

interface Which {
  readonly dataRequestId: string;
  readonly organizationId: string;
}

@Controller()
export class DataRequestsController {
  constructor(
    private readonly requests: DataRequests,
    private readonly issueReceipt: IssueReceipt,
    private readonly clock: Clock,
  ) {}

  /** The last of them fulfils the request. Erasures that no request asked for have none. */
  @ReactsTo(receipts, { permission: 'lifecycle:write' })
  async noteReceipt(
    { source, data }: Received<DataOf<(typeof receipts)[number]>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { erasureId, keysDestroyed, destroyedAt, effectiveFrom, retained } = data;
    const [row] = await transaction.query<{ id: string; organization_id: string }>(
      'select data_request_id as id, organization_id from data_request where erasure_id = $1',
      [erasureId],
    );
    if (!row) return;
    const which = { dataRequestId: row.id, organizationId: row.organization_id };
    const { state, isChanged } = await this.note(transaction, which, {
      ...{ type: 'note-receipt', erasureId, services: serviceNames, at: this.clock.now() },
      receipt: { service: source, keysDestroyed, destroyedAt, effectiveFrom, retained: retained ?? [] },
    });
    if (isChanged) await this.issueReceipt.issue(transaction, which.organizationId, state);
  }

  @ReactsTo(identityFacts.subjectErasureRefused, { permission: 'lifecycle:write' })
  async noteRefusal(
    { data }: Received<DataOf<typeof identityFacts.subjectErasureRefused>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { erasureId, reason } = data;
    await this.note(transaction, data, { type: 'note-refusal', erasureId, reason });
  }

  @ReactsTo(identityFacts.dataRequestNoticeSent, { permission: 'lifecycle:write' })
  async noteNotice(
    { data }: Received<DataOf<typeof identityFacts.dataRequestNoticeSent>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    const { notice, sentAt } = data;
    await this.note(transaction, data, { type: 'note-notice', notice, sentAt });
  }

  private async note(
    transaction: Transaction,
    { dataRequestId, organizationId }: Which,
    command: DataRequestCommand,
  ) {
    const unit = this.requests.unit(transaction, organizationId);
    const noted = await this.requests.execute(unit, dataRequestId, command);
    // Never skipped: another service knows of a request that lifecycle does not know.
    if ('rejected' in noted)
      throw new Error(`${command.type} of request ${dataRequestId} was rejected: ${noted.rejected}`);
    return noted;
  }
}
