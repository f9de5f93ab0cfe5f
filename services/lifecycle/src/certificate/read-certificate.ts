/** @promise P31 anyone with the address sees how far a deletion is, and its certificate */
import { Inject, Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import { EventStore } from '@vouchsafe/event-store';
import { Clock } from '@vouchsafe/service-host';
import { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { purgeAggregate } from '../purge/purge.aggregate.js';
import { BACKUP_POLICY } from '../termination/backup-policy.js';
import type { BackupPolicy } from '../termination/plan.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { planFor } from '../termination/termination.decider.js';

const time = z.iso.datetime();
const endedAt = time.describe('The moment from which the periods count');
const erasedAt = time.describe('When production held no data of the organization any more');
const expiredAt = time.describe('When no backup held any');
const purgeFrom = time.describe('Nothing is deleted before this time');
const productionErasedBy = time.describe('By this time production holds no data of the organization');
const backupsExpiredBy = time.describe('By this time no backup holds any');

export const certificateView = z
  .discriminatedUnion('status', [
    z.strictObject({
      status: z.literal('in-use').describe('The organization came back: nothing is deleted'),
    }),
    z.strictObject({
      status: z.literal('inactive').describe('Nothing is deleted yet, and the organization can come back'),
      endedAt,
      purgeFrom,
      productionErasedBy,
      backupsExpiredBy,
    }),
    z.strictObject({
      status: z.literal('purging').describe('The data is being deleted from production'),
      endedAt,
      productionErasedBy,
      backupsExpiredBy,
    }),
    z.strictObject({
      status: z
        .literal('production-erased')
        .describe('Nothing is left in production; backups still hold data'),
      endedAt,
      erasedAt,
      backupsExpiredBy,
    }),
    z.strictObject({
      status: z.literal('backups-expired').describe('No backup holds data; the certificate is being issued'),
      endedAt,
      erasedAt,
      expiredAt,
    }),
    z.strictObject({
      status: z.literal('certified').describe('The certificate is issued'),
      endedAt,
      erasedAt,
      expiredAt,
      certificate: z
        .string()
        .describe(
          'The certificate: a signed note (c2sp.org/signed-note), which vouchsafe-verify checks offline',
        ),
    }),
  ])
  .meta({ id: 'DeletionCertificate' });
export type CertificateView = z.infer<typeof certificateView>;

interface Row {
  readonly organization_id: string;
  readonly epoch: number;
  readonly erasure_id: string | null;
  readonly note: string | null;
}

@Injectable()
export class ReadCertificate {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
  ) {}

  /** @returns undefined where there is no such address */
  async read(certificateId: string): Promise<CertificateView | undefined> {
    return this.database.asWorker(async (transaction) => {
      const [row] = await transaction.query<Row>(
        'select organization_id, epoch, erasure_id, note from certificate where certificate_id = $1',
        [certificateId],
      );
      if (!row) return undefined;
      const actor = { type: 'service', id: this.database.service } as const;
      const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
      const unit = (organizationId: string) => this.store.unit(transaction, organizationId, envelope);
      if (row.erasure_id === null) {
        const { state } = await unit(row.organization_id).load(terminationAggregate, row.organization_id);
        if (state.status !== 'inactive' || state.epoch !== row.epoch) return { status: 'in-use' };
        const { purgeFrom, productionErasedBy, backupsExpiredBy } = planFor(state, this.policy);
        return {
          ...{ status: 'inactive', endedAt: state.endedAt, purgeFrom: purgeFrom.toISOString() },
          productionErasedBy: productionErasedBy.toISOString(),
          backupsExpiredBy: backupsExpiredBy.toISOString(),
        };
      }
      const { state } = await unit(this.operator.organizationId).load(purgeAggregate, row.erasure_id);
      if (state.status === 'absent') throw new Error(`Purge ${row.erasure_id} has no stream`);
      const { status, endedAt, productionErasedBy, backupsExpiredBy } = state;
      if (status === 'purging') return { status, endedAt, productionErasedBy, backupsExpiredBy };
      const { erasedAt } = state;
      if (status === 'production-erased') return { status, endedAt, erasedAt, backupsExpiredBy };
      const { expiredAt } = state.backups;
      if (status === 'backups-expired' || row.note === null)
        return { status: 'backups-expired', endedAt, erasedAt, expiredAt };
      return { status, endedAt, erasedAt, expiredAt, certificate: row.note };
    });
  }

  /** The key that signs certificates; empty before the first one. */
  async verifierKeys(): Promise<readonly { readonly vkey: string; readonly signsFrom: string }[]> {
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ vkey: string; signs_from: string }>(
        'select vkey, signs_from from certificate_key order by signs_from',
      ),
    );
    return rows.map(({ vkey, signs_from }) => ({ vkey, signsFrom: instant(signs_from).toISOString() }));
  }
}
