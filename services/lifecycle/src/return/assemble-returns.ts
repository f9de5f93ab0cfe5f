/**
 * @promise P30 every requested archive becomes ready, whatever fails or is killed on its way, and goes when its time is over
 * @promise P10 an archive of a person's data that is ready answers their request
 */
import { createHash, type KeyObject } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { retentionPolicies } from '@vouchsafe/contracts';
import { Database, instant, type Transaction } from '@vouchsafe/database';
import { isErased, isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, follow } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  HeldError,
  Ids,
  LOGGER,
  refuseHeld,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { sealingStream, Vault } from '@vouchsafe/vault';
import { BodyStore } from '../attachment/body-store.js';
import { DataRequests } from '../request/data-requests.js';
import { plusDays } from '../termination/plan.js';
import { ArchivePart } from './archive-part.js';
import { type ArchivedPerson, type ArchivePlan, type ArchivePosition, beginning } from './archive-plan.js';
import { ReturnedData } from './ask-services.js';
import { destructionOf } from './delete-return.js';
import { contextOf } from './part-context.js';
import { returnAggregate } from './return.aggregate.js';
import type { ReturnCommand } from './return.decider.js';
import type { ReturnStatus } from './return.entity.js';
import { keptParts } from './return.view.js';
import { WritePart } from './write-part.js';

const POLL_MS = 1_000;
/** Whoever puts a part together says so again within this time; else another begins it anew. */
const LEASE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
const DAYS_KEPT = retentionPolicies['return-archives'].period.days;

interface Job {
  readonly organizationId: string;
  readonly returnId: string;
  readonly status: ReturnStatus;
  readonly person: ArchivedPerson;
  readonly from: string | null;
  readonly to: string | null;
  readonly partSize: number;
}

interface NewPart {
  readonly partId: string;
  readonly number: number;
  readonly key: KeyObject;
}

/**
 * Works off the register of returns: one part at a time, so that a large archive does not keep the others waiting. A part's row is committed
 * before its body is begun, and where the next part begins in the transaction that keeps it: a process that is killed loses one part.
 */
@Injectable()
export class AssembleReturns implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly background: Background,
    private readonly bodies: BodyStore,
    private readonly data: ReturnedData,
    private readonly writePart: WritePart,
    private readonly requests: DataRequests,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Due returns could not be worked off; retrying');
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /** @returns how many were claimed; if it fails, it is due again later, and the others go on */
  async step(): Promise<number> {
    const job = await this.claim();
    if (!job) return 0;
    if (job.status === 'ready') await this.expire(job);
    else if (isOver(job)) await this.removeParts(job);
    else await this.assemble(job);
    return 1;
  }

  private async claim(): Promise<Job | undefined> {
    const at = this.clock.now();
    const [row] = await this.database.asWorker((sql) =>
      sql.query<JobRow>(
        `update data_return set due_at = $2 where return_id = (
           select return_id from data_return where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning organization_id, return_id, status, from_time, to_time, part_size, data_request_id, user_id, subjects`,
        [at, this.leaseEnd()],
      ),
    );
    return row && jobOf(row);
  }

  private async assemble(job: Job): Promise<void> {
    const stopped = new AbortController();
    const renewal = setInterval(() => void this.renew(job, stopped), LEASE_MS / 4);
    try {
      await this.nextPart(job, stopped.signal);
    } catch (error) {
      // It was deleted, or another process has it now.
      if (error instanceof StoppedError || stopped.signal.aborted) return;
      this.logger.error({ err: error, returnId: job.returnId }, 'A part of a return failed; retrying');
      await this.noteFailure(job);
    } finally {
      clearInterval(renewal);
    }
  }

  private async nextPart(job: Job, signal: AbortSignal): Promise<void> {
    const at = this.clock.now();
    await this.discardUnfinished(job);
    const { plan, position } = await this.begin(job, at);
    const { part, previousPart } = await this.newPart(job);
    const { organizationId, returnId, person, from, to, partSize } = job;
    const order = { organizationId, returnId, person, from, to, plan, position, previousPart, at };
    const archive = new ArchivePart(partSize, at);
    const stop = () => archive.fail(new StoppedError());
    signal.addEventListener('abort', stop, { once: true });
    const written = this.writePart.write(archive, { ...order, number: part.number });
    // Whichever fails ends the other.
    written.catch((error: unknown) => archive.fail(error as Error));
    const measured = new Measured();
    const sealed = sealingStream(part.key, contextOf(part.partId, 'returnPart'));
    const sealing = pipeline(archive.output, measured, sealed);
    sealing.catch((error: unknown) => archive.fail(error as Error));
    const put = this.bodies.put({ organizationId, attachmentId: part.partId }, sealed);
    put.catch((error: unknown) => archive.fail(error as Error));
    const results = await Promise.allSettled([written, sealing, put]);
    signal.removeEventListener('abort', stop);
    const failed = results.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    await this.keep(job, part, measured, await written);
  }

  /** Of whoever was killed here, or has lost its lease: what it still writes is kept by nobody. */
  private async discardUnfinished(job: Job): Promise<void> {
    const parts = await this.database.asWorker((sql) =>
      sql.query<{ part_id: string }>(
        `select part_id from return_part where return_id = $1 and status = 'writing'`,
        [job.returnId],
      ),
    );
    for (const { part_id: partId } of parts) await this.removePart(job, partId);
  }

  private async begin(job: Job, at: Date): Promise<{ plan: ArchivePlan; position: ArchivePosition }> {
    const known = await this.planOf(job);
    const plan = known?.plan ?? (await this.data.plan(job.person ? 'person' : 'organization'));
    const position = known?.position ?? beginning;
    await this.database.asWorker(async (sql) => {
      await this.execute(sql, job, { type: 'begin' }, at);
      await sql.query(
        `update data_return set status = 'assembling', plan = $2, position = $3 where return_id = $1`,
        [job.returnId, JSON.stringify(plan), JSON.stringify(position)],
      );
    });
    return { plan, position };
  }

  private async planOf({ returnId }: Job) {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ plan: ArchivePlan | null; position: ArchivePosition | null }>(
        'select plan, position from data_return where return_id = $1',
        [returnId],
      ),
    );
    return row?.plan && row.position ? { plan: row.plan, position: row.position } : undefined;
  }

  private newPart({ organizationId, returnId, person }: Job) {
    return this.database.asWorker(async (sql) => {
      const previousPart = (await keptParts(sql, returnId)).at(-1) ?? null;
      const [partId, number] = [this.ids.newId(), (previousPart?.part ?? 0) + 1];
      // So an erasure of the person ends it, whoever has a copy of the sealed body.
      const scope = { organizationId, subjectId: person?.userId ?? null };
      const key = await this.vault.newStreamKey(sql, scope, contextOf(partId, 'returnPartKey'));
      if (isErased(key)) throw new StoppedError();
      await sql.query(
        `insert into return_part (organization_id, part_id, return_id, number, status, size, key_sealed)
         values ($1, $2, $3, $4, 'writing', 0, $5)`,
        [organizationId, partId, returnId, number, key.sealed],
      );
      const part: NewPart = { partId, number, key: key.key };
      return { part, previousPart };
    });
  }

  private async keep(job: Job, part: NewPart, measured: Measured, position: ArchivePosition): Promise<void> {
    const at = this.clock.now();
    await this.database.asWorker(async (sql) => {
      const kept = await sql.query(
        `update return_part set status = 'kept', size = $2, sha256 = $3 where part_id = $1 and status = 'writing' returning 1`,
        [part.partId, measured.size, measured.sha256()],
      );
      if (kept.length === 0) throw new StoppedError();
      const expiresAt = position.isDone ? plusDays(at, DAYS_KEPT) : null;
      const going = await sql.query(
        `update data_return set position = $2, status = $3, expires_at = $4, due_at = $5
         where return_id = $1 and status = 'assembling' returning 1`,
        [
          job.returnId,
          JSON.stringify(position),
          expiresAt ? 'ready' : 'assembling',
          expiresAt,
          expiresAt ?? at,
        ],
      );
      if (going.length === 0) throw new StoppedError();
      if (!expiresAt) return;
      const parts = await keptParts(sql, job.returnId);
      const size = parts.reduce((sum, one) => sum + one.size, 0);
      await this.execute(sql, job, { type: 'finish', parts: parts.length, size, expiresAt }, at);
      if (!job.person) return;
      const answered = { type: 'note-archive', archiveId: job.returnId, at } as const;
      const unit = this.requests.unit(sql, job.organizationId);
      const noted = await this.requests.execute(unit, job.person.dataRequestId, answered);
      if ('rejected' in noted) throw new Error(`An archive answers no request: ${noted.rejected}`);
    });
  }

  private async noteFailure(job: Job): Promise<void> {
    const at = this.clock.now();
    await this.database.asWorker(async (sql) => {
      const { state } = await this.execute(sql, job, { type: 'note-failure' }, at);
      if (state.status !== 'failed') return;
      const pause = Math.min(2 ** state.failures * POLL_MS, LONGEST_PAUSE_MS);
      await sql.query(`update data_return set status = 'failed', due_at = $2 where return_id = $1`, [
        job.returnId,
        new Date(at.getTime() + pause),
      ]);
    });
  }

  /** An archive is a copy, but of what a hold keeps, none is destroyed. */
  private async expire(job: Job): Promise<void> {
    const at = this.clock.now();
    try {
      await this.database.asWorker(async (sql) => {
        await refuseHeld(sql, destructionOf(job.organizationId, job.person?.subjects));
        await this.execute(sql, job, { type: 'expire', at }, at);
        await sql.query(`update data_return set status = 'expired', due_at = $2 where return_id = $1`, [
          job.returnId,
          at,
        ]);
      });
    } catch (error) {
      if (!(error instanceof HeldError)) throw error;
      await this.database.asWorker((sql) =>
        sql.query('update data_return set due_at = $2 where return_id = $1', [
          job.returnId,
          new Date(at.getTime() + LONGEST_PAUSE_MS),
        ]),
      );
    }
  }

  private async removeParts(job: Job): Promise<void> {
    const parts = await this.database.asWorker((sql) =>
      sql.query<{ part_id: string }>('select part_id from return_part where return_id = $1', [job.returnId]),
    );
    for (const { part_id: partId } of parts) await this.removePart(job, partId);
    await this.database.asWorker((sql) =>
      sql.query('update data_return set due_at = null where return_id = $1', [job.returnId]),
    );
  }

  private async removePart({ organizationId }: Job, partId: string): Promise<void> {
    await this.bodies.remove({ organizationId, attachmentId: partId });
    await this.database.asWorker((sql) => sql.query('delete from return_part where part_id = $1', [partId]));
  }

  private async renew({ returnId }: Job, stopped: AbortController): Promise<void> {
    try {
      const held = await this.database.asWorker((sql) =>
        sql.query(
          `update data_return set due_at = $2 where return_id = $1 and status in ('requested', 'assembling', 'failed') returning 1`,
          [returnId, this.leaseEnd()],
        ),
      );
      if (held.length === 0) stopped.abort();
    } catch (error) {
      this.logger.error({ err: error, returnId }, 'A lease could not be renewed');
    }
  }

  private async execute(
    sql: Transaction,
    { organizationId, returnId }: Job,
    command: ReturnCommand,
    at: Date,
  ) {
    const actor = { type: 'service', id: this.database.service } as const;
    const done = await this.store
      .unit(sql, organizationId, { actor, occurredAt: at, requestId: null })
      .execute(returnAggregate, returnId, command);
    // It was deleted meanwhile.
    if (isRejected(done)) throw new StoppedError();
    return done;
  }

  private leaseEnd(): Date {
    return new Date(this.clock.now().getTime() + LEASE_MS);
  }
}

/** Nobody wants it any more, or another process has it. */
class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

interface JobRow {
  readonly organization_id: string;
  readonly return_id: string;
  readonly status: ReturnStatus;
  readonly from_time: string | null;
  readonly to_time: string | null;
  readonly part_size: string;
  readonly data_request_id: string | null;
  readonly user_id: string | null;
  readonly subjects: readonly string[] | null;
}

function jobOf(row: JobRow): Job {
  const timeOf = (text: string | null) => text && instant(text).toISOString();
  const { data_request_id: dataRequestId, user_id: userId, subjects } = row;
  return {
    ...{ organizationId: row.organization_id, returnId: row.return_id, status: row.status },
    person: dataRequestId && userId && subjects ? { dataRequestId, userId, subjects: [...subjects] } : null,
    ...{ from: timeOf(row.from_time), to: timeOf(row.to_time), partSize: Number(row.part_size) },
  };
}

function isOver({ status }: Job): boolean {
  return status === 'cancelled' || status === 'deleted' || status === 'expired';
}

/** Counts and hashes the ZIP file on its way. */
class Measured extends Transform {
  size = 0;
  private readonly hash = createHash('sha256');

  override _transform(bytes: Buffer, _encoding: string, done: (error: null, bytes: Buffer) => void): void {
    this.size += bytes.length;
    this.hash.update(bytes);
    done(null, bytes);
  }

  sha256(): string {
    return this.hash.digest('hex');
  }
}
