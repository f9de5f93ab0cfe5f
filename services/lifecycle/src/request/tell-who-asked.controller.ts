/** @promise P10 gives identity the address of whoever asked, and what there is to say, when it sends the email */
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { dataRequestKinds, dataRequestNotices, refusalGrounds, retained } from '@vouchsafe/contracts';
import { Database, instant, type Transaction } from '@vouchsafe/database';
import { Clock, Operation } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { OrganizationRow } from '../organization/organization.entity.js';
import { ReturnRow } from '../return/return.entity.js';
import { dataRequestAggregate } from './data-request.aggregate.js';
import { archiveOf } from './data-request.decider.js';
import { readable } from './data-request.view.js';
import { DataRequests, type There } from './data-requests.js';
import { tokenFor } from './enter-request.js';
import { datesOf } from './request-dates.js';

const time = z.iso.datetime();
const question = z.strictObject({
  organizationId: z.uuid(),
  dataRequestId: z.uuid(),
  notice: z.enum(dataRequestNotices),
});
type Question = z.output<typeof question>;
const answer = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('nobody') }),
  z.strictObject({
    status: z.literal('told'),
    to: z.string(),
    notice: z.enum(dataRequestNotices),
    kind: z.enum(dataRequestKinds),
    controller: z.string(),
    receivedAt: time,
    dueAt: time,
    receiptId: z.uuid(),
    token: z.string().nullable(),
    ground: z.enum(refusalGrounds).nullable(),
    words: z.string().nullable(),
    exceptions: z.array(retained),
    archiveUntil: time.nullable(),
  }),
]);

@Controller('internal/data-request-notices')
export class TellWhoAskedController {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly requests: DataRequests,
  ) {}

  @Post()
  @HttpCode(200)
  @Operation({
    permission: 'service',
    operation: 'data-request.write-notice',
    entity: { type: 'data-request', id: null },
    effect: 'read',
    summary: 'What an email about a request says, and to whom',
    answers: { 200: answer },
  })
  tell(@Body({ schema: question }) asked: Question): Promise<z.output<typeof answer>> {
    return this.database.asWorker(async (transaction) => {
      const { organizationId, dataRequestId, notice } = asked;
      const unit = this.requests.unit(transaction, organizationId);
      const { state } = await unit.load(dataRequestAggregate, dataRequestId);
      if (state.status === 'absent' || state.status === 'retired') return { status: 'nobody' };
      const to = readable(state.contact);
      if (to === null || (notice === 'confirm') !== (state.status === 'unconfirmed'))
        return { status: 'nobody' };
      const entityManager = await transaction.entityManager();
      const known = await entityManager.findOne(OrganizationRow, { organizationId });
      const isOperator = this.operator.is(organizationId);
      return {
        ...{ status: 'told', to, notice, kind: state.kind },
        controller: known?.name ?? (isOperator ? 'The operator of this service' : 'Your organization'),
        ...{ receivedAt: state.receivedAt, dueAt: dueAtOf(state, this.clock.now()) },
        receiptId: state.receiptId,
        token: notice === 'confirm' ? await tokenFor(this.vault, transaction, dataRequestId) : null,
        ...wordsOf(state, notice),
        archiveUntil: notice === 'fulfilled' ? await archiveUntil(transaction, state) : null,
      };
    });
  }
}

function dueAtOf({ receivedAt, extension, waiting }: There, now: Date): string {
  const dates = datesOf({ receivedAt: new Date(receivedAt), isExtended: extension !== null, waiting }, now);
  return dates.dueAt.toISOString();
}

/** Until when the archive that answers the request can be downloaded; null where none can. */
async function archiveUntil(transaction: Transaction, state: There): Promise<string | null> {
  const entityManager = await transaction.entityManager();
  const returnId = archiveOf(state);
  const row =
    returnId === null ? null : await entityManager.findOne(ReturnRow, { returnId, status: 'ready' });
  return row?.expiresAt ? instant(row.expiresAt).toISOString() : null;
}

/** What staff wrote; nothing of what whoever asked wrote. */
function wordsOf(state: There, notice: Question['notice']) {
  const none = { ground: null, words: null, exceptions: [] };
  const done = state.status === 'closed' ? state.outcome : state;
  if (notice === 'refused' && 'ground' in done)
    return { ...none, ground: done.ground, words: readable(done.reasons) };
  if (notice === 'fulfilled' && 'fulfilledAt' in done)
    return { ...none, words: readable(done.statement), exceptions: [...done.exceptions] };
  if (notice === 'restriction-ends' && state.lifting)
    return { ...none, words: readable(state.lifting.reasons) };
  if (notice === 'extended' && state.extension) return { ...none, words: readable(state.extension.reasons) };
  return none;
}
