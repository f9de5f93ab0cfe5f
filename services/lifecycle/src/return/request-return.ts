/** @promise P30 who can have the data returned, and until when */
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  expiry,
  Ids,
  organizationOf,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { BACKUP_POLICY } from '../termination/backup-policy.js';
import type { BackupPolicy } from '../termination/plan.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { planFor } from '../termination/termination.decider.js';
import { returnAggregate } from './return.aggregate.js';
import type { ReturnRejection } from './return.decider.js';
import { ReturnRow } from './return.entity.js';
import { type ReturnView, viewOf } from './return.view.js';

const MIB = 2 ** 20;
export const PART_SIZE = 1024 * MIB;
/** That are there, or on their way. */
const MOST_KEPT = 3;

export const newReturn = z
  .strictObject({
    from: expiry
      .optional()
      .describe('Only records from this time on; entries, invoices and files have a time'),
    to: expiry.optional().describe('Only records before this time'),
    partSize: z
      .int()
      .min(MIB)
      .max(MIB * MIB)
      .default(PART_SIZE)
      .describe('Bytes that a part has at most, unless one file alone is larger'),
    organizationId: z
      .uuid()
      .optional()
      .describe(
        'The organization whose data is returned: your own, where it is left out; only the operator can name another, whose owners then ' +
          'download it',
      ),
  })
  .meta({ id: 'NewReturn', examples: [{ partSize: 1_073_741_824 }] });
export type NewReturn = z.output<typeof newReturn>;

export type RequestRejection =
  | ReturnRejection
  | {
      readonly rejected:
        | 'empty-range'
        | 'others'
        | 'unknown-organization'
        | 'period-over'
        | 'purging'
        | 'already-under-way'
        | 'too-many-kept';
    };

@Injectable()
export class RequestReturn {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly operator: Operator,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
  ) {}

  async request(
    caller: Caller,
    { from = null, to = null, partSize, organizationId: named }: Omit<NewReturn, 'from' | 'to'> & Times,
    key: string | undefined,
  ): Promise<ReturnView | RequestRejection> {
    const [own, at] = [organizationOf(caller), this.clock.now()];
    assertRecentlyAuthenticated(caller, at);
    const organizationId = (named ?? own) as OrganizationId;
    const isByOperator = organizationId !== own;
    if (isByOperator && !this.operator.is(own)) return { rejected: 'others' };
    if (isByOperator && !(await this.isKnown(organizationId))) return { rejected: 'unknown-organization' };
    if (from !== null && to !== null && Date.parse(from) >= Date.parse(to))
      return { rejected: 'empty-range' };
    const request = { organizationId, from, to, partSize };
    const once = { organizationId, caller, operation: 'return.request', key, request, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const refused = (await this.isTooLate(unit, at, isByOperator)) ?? (await this.isTooMany(unit));
        if (refused) return refused;
        const returnId = this.ids.newId();
        const requested = await unit.execute(returnAggregate, returnId, {
          type: 'request',
          requested: { organizationId, returnId, from, to, isByOperator },
        });
        if (isRejected(requested)) return requested;
        const row = (await unit.entityManager()).create(ReturnRow, {
          ...{ organizationId, returnId, status: 'requested', partSize, fromTime: from, toTime: to },
          ...{
            plan: null,
            position: null,
            expiresAt: null,
            dataRequestId: null,
            userId: null,
            subjects: null,
          },
          ...{ requestedAt: at.toISOString(), dueAt: at.toISOString() },
        });
        return { body: await viewOf(unit, row) };
      }),
    );
  }

  /** P30: within 30 days of the end; later the operator decides, and its request stands in the organization's log. */
  private async isTooLate(
    unit: UnitOfWork,
    at: Date,
    isByOperator: boolean,
  ): Promise<{ readonly rejected: 'purging' | 'period-over' } | null> {
    const { state } = await unit.load(terminationAggregate, unit.organizationId);
    if (state.status === 'active') return null;
    if (state.status === 'purging') return { rejected: 'purging' };
    const isOver = planFor(state, this.policy).returnUntil <= at;
    return isOver && !isByOperator ? { rejected: 'period-over' } : null;
  }

  /** One after the other, so that two requests do not both find room. */
  private async isTooMany(
    unit: UnitOfWork,
  ): Promise<{ readonly rejected: 'already-under-way' | 'too-many-kept' } | null> {
    await unit.query(`select pg_advisory_xact_lock(hashtextextended('returns ' || $1, 0))`, [
      unit.organizationId,
    ]);
    const [kept] = await unit.query<{ all: number; open: number }>(
      `select count(*)::int as all, count(*) filter (where status <> 'ready')::int as open from data_return
       where organization_id = $1 and data_request_id is null and status in ('requested', 'assembling', 'failed', 'ready')`,
      [unit.organizationId],
    );
    const { all, open } = kept ?? { all: 0, open: 0 };
    if (open > 0) return { rejected: 'already-under-way' };
    return all >= MOST_KEPT ? { rejected: 'too-many-kept' } : null;
  }

  private isKnown(organizationId: string): Promise<boolean> {
    return this.database.asWorker(async (sql) => {
      const known = await sql.query('select from organization where organization_id = $1', [organizationId]);
      return known.length > 0;
    });
  }
}

interface Times {
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
}
