/** @promise P31 a certificate is issued when no backup holds anything any more, and never before */
import { access } from 'node:fs/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, follow } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  CONFIG,
  InternalClient,
  LOGGER,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { signNote } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Backup, backupsIn, holding } from '../backup/backup-records.js';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { Operator } from '../organization/operator.js';
import { purgeAggregate } from '../purge/purge.aggregate.js';
import { type Erased, type Expired, productionEmptyAt, type Purge } from '../purge/purge.decider.js';
import { services } from '../purge/purges.js';
import { plusDays } from '../termination/plan.js';
import { certificateText, missingIn } from './certificate.js';
import { certificateKey } from './certificate-key.js';

const POLL_MS = 1_000;
const MINUTE_MS = 60_000;

const provenEntries = z.strictObject({
  logs: z.array(z.strictObject({ origin: z.string(), vkey: z.string() })),
  proofs: z.array(z.strictObject({ operation: z.string(), leaf: z.string(), proof: z.string() })),
});

type Settings = Pick<
  LifecycleConfig,
  'VOUCHSAFE_BACKUP_RECORDS' | 'VOUCHSAFE_PUBLIC_URL' | 'VOUCHSAFE_LOG_NAME' | 'VOUCHSAFE_AUDIT_URL'
>;

/** Follows every purge whose data has left production: to the expiry of the backups, and to the certificate. */
@Injectable()
export class IssueCertificates implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly client: InternalClient,
    private readonly background: Background,
    @Inject(CONFIG) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Due purges could not be read; retrying');
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /**
   * Claims one purge that is due; if it fails, it is due again after a minute, and the others go on.
   * @returns how many were claimed
   */
  async step(): Promise<number> {
    const at = this.clock.now();
    const [due] = await this.database.asWorker((sql) =>
      sql.query<{ erasure_id: string }>(
        `update purge set due_at = $2 where erasure_id = (
           select erasure_id from purge where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning erasure_id`,
        [at, new Date(at.getTime() + MINUTE_MS)],
      ),
    );
    if (!due) return 0;
    try {
      await this.goOn(due.erasure_id, at);
    } catch (error) {
      this.logger.error({ err: error, erasureId: due.erasure_id }, 'A purge could not go on; retrying');
    }
    return 1;
  }

  private async goOn(erasureId: string, at: Date): Promise<void> {
    const state = await this.load(erasureId);
    if (state.status === 'purging') await this.lookForProduction(state.erasureId, state, at);
    else if (state.status === 'production-erased') await this.lookForBackups(state, at);
    else if (state.status === 'backups-expired') await this.issue(state, at);
  }

  private async lookForProduction(erasureId: string, state: Purge, at: Date): Promise<void> {
    const emptyAt = productionEmptyAt(state, services);
    // The next receipt makes it due again.
    if (emptyAt === null) return this.putOff(erasureId, null);
    if (at < emptyAt) return this.putOff(erasureId, emptyAt);
    await this.database.asWorker(async (transaction) => {
      const advanced = await this.unit(transaction, at).execute(purgeAggregate, erasureId, {
        ...{ type: 'advance', services, at },
      });
      if (isRejected(advanced)) throw new Error(`Time cannot be rejected: ${advanced.rejected}`);
    });
    await this.putOff(erasureId, at);
  }

  /** By what is listed, not by the policy: a backup that was kept for longer is still there. */
  private async lookForBackups(state: Erased, at: Date): Promise<void> {
    const { erasureId, erasedAt, backupPolicy } = state;
    // Until then a backup that begins may still copy what is deleted.
    const settledAt = plusDays(new Date(erasedAt), backupPolicy.intervalDays);
    if (at < settledAt) return this.putOff(erasureId, settledAt);
    const backups = await backupsIn(this.settings.VOUCHSAFE_BACKUP_RECORDS);
    const holders = holding(backups, new Date(erasedAt), backupPolicy.intervalDays);
    const there = [];
    for (const one of holders) if (one.removedAt === null || (await isThere(one))) there.push(one);
    if (there.length > 0) return this.putOff(erasureId, new Date(at.getTime() + 60 * MINUTE_MS));
    const last = holders.reduce<Backup | null>(
      (latest, one) => (latest !== null && latest.startedAt >= one.startedAt ? latest : one),
      null,
    );
    const command = {
      type: 'note-backups-expired' as const,
      at,
      last:
        last?.removedAt == null
          ? null
          : { startedAt: last.startedAt.toISOString(), removedAt: last.removedAt.toISOString() },
    };
    await this.database.asWorker(async (transaction) => {
      const noted = await this.unit(transaction, at).execute(purgeAggregate, erasureId, command);
      if (isRejected(noted)) throw new Error(`The end of backups was rejected: ${noted.rejected}`);
    });
    await this.putOff(erasureId, at);
  }

  /** What it says stands in the operator's log first: the certificate carries the proofs. */
  private async issue(state: Expired, at: Date): Promise<void> {
    const { erasureId, erasedOrganizationId } = state;
    const { logs, proofs } = await this.client.ask({
      ...{ audience: 'audit', origin: this.settings.VOUCHSAFE_AUDIT_URL },
      path: `/internal/operator-entries?organizationId=${erasedOrganizationId}`,
      answer: provenEntries,
    });
    const missing = missingIn(proofs, state.receipts);
    if (missing.length > 0) throw new Error(`The operator's log does not have ${missing.join(', ')} yet`);
    const text = certificateText(state, proofs, logs, at);
    await this.database.asWorker(async (transaction) => {
      const { signer } = await certificateKey(transaction, this.vault, this.keyName(), at);
      const note = Buffer.from(signNote(text, signer));
      const sha256 = createHash('sha256').update(note).digest('hex');
      const issued = await this.unit(transaction, at).execute(purgeAggregate, erasureId, {
        ...{ type: 'certify', at, sha256 },
      });
      if (isRejected(issued)) throw new Error(`A certificate was rejected: ${issued.rejected}`);
      if (issued.events.length > 0)
        await transaction.query('update certificate set note = $2 where erasure_id = $1', [
          erasureId,
          note.toString('utf8'),
        ]);
    });
  }

  private keyName() {
    const { VOUCHSAFE_LOG_NAME: name, VOUCHSAFE_PUBLIC_URL: url } = this.settings;
    const { organizationId } = this.operator;
    return { organizationId, name: `${name ?? new URL(url).host}/certificates` };
  }

  private async load(erasureId: string): Promise<Purge> {
    const { state } = await this.database.asWorker((transaction) =>
      this.unit(transaction, this.clock.now()).load(purgeAggregate, erasureId),
    );
    return state;
  }

  private unit(transaction: Parameters<EventStore['unit']>[0], at: Date) {
    const actor = { type: 'service', id: this.database.service } as const;
    return this.store.unit(transaction, this.operator.organizationId, {
      ...{ actor, occurredAt: at, requestId: null },
    });
  }

  private async putOff(erasureId: string, until: Date | null): Promise<void> {
    await this.database.asWorker((sql) =>
      sql.query('update purge set due_at = $2 where erasure_id = $1', [erasureId, until]),
    );
  }
}

/** A backup that is recorded as removed, and whose folder can be seen all the same. */
function isThere({ place }: Backup): Promise<boolean> {
  return access(place).then(
    () => true,
    () => false,
  );
}
