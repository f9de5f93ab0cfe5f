/** @promise P31 a purge goes on from the receipts to an empty production, to expired backups, and to its certificate */
import { access } from 'node:fs/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import { Background, Clock, CONFIG, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { type Backup, backupsIn, holding } from '../backup/backup-records.js';
import { IssueCertificate } from '../certificate/issue-certificate.js';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { plusDays } from '../termination/plan.js';
import { type Erased, productionEmptyAt, type Purge, type PurgeCommand } from './purge.decider.js';
import { Purges, services } from './purges.js';

const POLL_MS = 1_000;
const MINUTE_MS = 60_000;

/** Follows every purge to its end. */
@Injectable()
export class FollowPurges implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly purges: Purges,
    private readonly issueCertificate: IssueCertificate,
    private readonly background: Background,
    @Inject(CONFIG) private readonly settings: Pick<LifecycleConfig, 'VOUCHSAFE_BACKUP_RECORDS'>,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  /** Without the record of backups no backup could be known to be gone: the service does not start. */
  async onModuleInit(): Promise<void> {
    await backupsIn(this.settings.VOUCHSAFE_BACKUP_RECORDS);
  }

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
    const lease = new Date(at.getTime() + MINUTE_MS);
    const [due] = await this.database.asWorker((sql) =>
      sql.query<{ erasure_id: string }>(
        `update purge set due_at = $2 where erasure_id = (
           select erasure_id from purge where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning erasure_id`,
        [at, lease],
      ),
    );
    if (!due) return 0;
    try {
      await this.dueAt(due.erasure_id, await this.goOn(due.erasure_id, at), lease);
    } catch (error) {
      this.logger.error({ err: error, erasureId: due.erasure_id }, 'A purge could not go on; retrying');
    }
    return 1;
  }

  /** @returns when it is due again; null: not before something happens to it */
  private async goOn(erasureId: string, at: Date): Promise<Date | null> {
    const state = await this.purges.load(erasureId);
    if (state.status === 'purging') return this.lookForProduction(erasureId, state, at);
    if (state.status === 'production-erased') return this.lookForBackups(state, at);
    if (state.status === 'backups-expired') await this.issueCertificate.issue(state, at);
    return null;
  }

  private async lookForProduction(erasureId: string, state: Purge, at: Date): Promise<Date | null> {
    const emptyAt = productionEmptyAt(state, services);
    if (emptyAt === null || at < emptyAt) return emptyAt;
    await this.note(erasureId, { type: 'advance', services, at });
    return at;
  }

  /** By what is listed, not by the policy: a backup that was kept for longer is still there. */
  private async lookForBackups(state: Erased, at: Date): Promise<Date> {
    const { erasureId, endedAt, erasedAt, backupPolicy } = state;
    // Until then a backup that begins may still copy what is deleted.
    const settledAt = plusDays(new Date(erasedAt), backupPolicy.intervalDays);
    if (at < settledAt) return settledAt;
    const again = new Date(at.getTime() + 60 * MINUTE_MS);
    const { recordsFrom, backups } = await backupsIn(this.settings.VOUCHSAFE_BACKUP_RECORDS);
    if (recordsFrom > new Date(endedAt)) {
      // A backup that nobody recorded may hold what is deleted.
      this.logger.error(
        { erasureId, recordsFrom, endedAt },
        'No certificate can be issued: the record of backups begins after the organization had ended',
      );
      return again;
    }
    const holders = holding(backups, new Date(erasedAt), backupPolicy.intervalDays);
    const there = [];
    for (const one of holders) if (one.removedAt === null || (await isThere(one))) there.push(one);
    if (there.length > 0) return again;
    const last = holders.reduce<Backup | null>(
      (latest, one) => (latest !== null && latest.startedAt >= one.startedAt ? latest : one),
      null,
    );
    await this.note(erasureId, {
      ...{ type: 'note-backups-expired', at, recordsFrom: recordsFrom.toISOString() },
      last:
        last?.removedAt == null
          ? null
          : { startedAt: last.startedAt.toISOString(), removedAt: last.removedAt.toISOString() },
    });
    return at;
  }

  private note(erasureId: string, command: PurgeCommand): Promise<void> {
    return this.database.asWorker(async (transaction) => {
      await this.purges.execute(transaction, erasureId, command);
    });
  }

  /** Unless a receipt has come meanwhile, which makes it due at once. */
  private async dueAt(erasureId: string, next: Date | null, lease: Date): Promise<void> {
    await this.database.asWorker((sql) =>
      sql.query('update purge set due_at = $2 where erasure_id = $1 and due_at = $3', [
        erasureId,
        next,
        lease,
      ]),
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
