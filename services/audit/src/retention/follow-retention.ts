/** @promise P04 (main) removes entries when their time is over, 12 months where nothing else is set, and records that it did */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Sql } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import {
  destroying,
  HeldError,
  Clock,
  CONFIG,
  Ids,
  LOGGER,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import type { AuditConfig } from '../audit.config.js';
import { Recorder } from '../log/record.js';
import { BATCH, removeEntries } from './remove-entries.js';
import { finishRun, noteRemoved, type Retention, type RetentionRun, runOf } from './retention-run.js';

const POLL_MS = 1_000;
const DAY_MS = 86_400_000;

const MOST_REST_MS = 2_000;
/** Batches until other organizations have their turn. */
const TURN = 10;

/** Looks after every organization's entries once a day, batch by batch. */
@Injectable()
export class FollowRetention {
  private follower: Follower | undefined;

  constructor(
    private readonly database: Database,
    private readonly recorder: Recorder,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(CONFIG) private readonly config: Pick<AuditConfig, 'VOUCHSAFE_AUDIT_RETENTION_MONTHS'>,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  start(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'A retention run could not go on; retrying');
    this.follower = follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError });
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
  }

  /**
   * Some batches of one organization; if one fails, the organization is due again after a minute, and the others go on.
   * @returns how many organizations were due
   */
  async step(batch = BATCH): Promise<number> {
    const at = this.clock.now();
    const due = await this.claim(at);
    if (!due) return 0;
    const run = await this.database.asWorker((sql) => runOf(sql, due, at, () => this.ids.newId()));
    if (!run) await this.database.asWorker((sql) => dueAgain(sql, due, tomorrow(at)));
    else if (await this.removeUnlessHeld(run, at, batch)) await this.finish(run, at);
    return 1;
  }

  private async claim(at: Date): Promise<Retention | undefined> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: string; purpose: string; months: number | null }>(
        `update retention set due_at = $1::timestamptz + interval '1 minute'
         where (organization_id, purpose) = (
           select organization_id, purpose from retention where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning organization_id, purpose, months`,
        [at],
      ),
    );
    return (
      row && {
        organizationId: row.organization_id,
        purpose: row.purpose,
        months: row.months ?? this.config.VOUCHSAFE_AUDIT_RETENTION_MONTHS,
      }
    );
  }

  /** A hold on anything of the organization stops its run, which goes on by itself a minute after the release. */
  private removeUnlessHeld(run: RetentionRun, at: Date, limit: number): Promise<boolean> {
    return this.removeBatches(run, at, limit).catch((error: unknown) => {
      if (error instanceof HeldError) return false;
      throw error;
    });
  }

  /** @returns whether nothing is left */
  private async removeBatches(run: RetentionRun, at: Date, limit: number): Promise<boolean> {
    const { organizationId, recordedBefore: before } = run;
    const what = { organizations: [organizationId] } as const;
    let { goneUntil } = run;
    for (let nth = 0; nth < TURN; nth += 1) {
      const began = performance.now();
      const { removed, isRecording } = await destroying(this.database, what, async (sql) => {
        // A crash of the server may bring back the last batches, which are then removed again; the run's end waits for the disk.
        await sql.query('set local synchronous_commit = off');
        const batch = await removeEntries(sql, { organizationId, goneUntil, before, limit });
        await noteRemoved(sql, run, batch);
        const now = this.clock.now();
        await dueAgain(sql, run, nth === TURN - 1 ? at : minuteAfter(now));
        return { removed: batch, isRecording: await isRecordingAt(sql, now) };
      });
      if (removed.goneUntil === null) return true;
      ({ goneUntil } = removed);
      // New entries have the right of way. A third of the time is enough: in the long run no more expires than is recorded.
      if (isRecording) await sleep(Math.min(2 * (performance.now() - began), MOST_REST_MS));
    }
    return false;
  }

  /** The entry of the run, and its end, in one transaction: it is recorded once, whoever is killed when. */
  private finish(run: RetentionRun, at: Date): Promise<void> {
    return this.database.asWorker(async (sql) => {
      const entry = await finishRun(sql, run, at);
      if (!entry) return;
      const recorded = await this.recorder.record(sql, [entry]);
      // Of an organization that is erased meanwhile nothing is left to say.
      if (recorded.status === 'rejected' && recorded.because !== 'organization-erased')
        throw new Error(`A retention run could not be recorded: ${recorded.because}`);
      // At once, where a legal hold stopped the run for so long that more has expired since it began.
      await dueAgain(sql, run, tomorrow(run.begunAt));
    });
  }
}

async function isRecordingAt(sql: Sql, now: Date): Promise<boolean> {
  const found = await sql.query('select from log where recorded_at > $1 limit 1', [
    new Date(now.getTime() - 1_000),
  ]);
  return found.length > 0;
}

function minuteAfter(at: Date): Date {
  return new Date(at.getTime() + 60_000);
}

function tomorrow(at: Date): Date {
  return new Date(at.getTime() + DAY_MS);
}

async function dueAgain(
  sql: Sql,
  { organizationId, purpose }: Pick<Retention, 'organizationId' | 'purpose'>,
  at: Date,
): Promise<void> {
  await sql.query('update retention set due_at = $3 where organization_id = $1 and purpose = $2', [
    ...[organizationId, purpose, at],
  ]);
}
