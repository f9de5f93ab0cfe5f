import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Sql } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import { Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { rootOf, signCheckpoint } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { signingKey } from './signing-key.js';

export interface Signing {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => Date;
}

/** Between the first new entry and its checkpoint: entries of this span share one signature. At most 1 s (docs/audit.md, 'How data goes'). */
const COALESCE_MS = 250;

/**
 * Signs a checkpoint of every log that has grown. Only what is committed is signed: the size and the right edge are read
 * under the head row's lock, the lock that writers hold until commit, so one size has one tree and sizes only rise.
 */
@Injectable()
export class CheckpointSigner {
  private follower: Follower | undefined;
  private readonly turns = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>();

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  /** Signs when it is woken; it also polls, for what another process recorded, or left unsigned when it died. */
  start(): void {
    const step = async (): Promise<number> => {
      await sleep(COALESCE_MS);
      await this.signGrown();
      return 0;
    };
    this.follower = follow(step, { idle: 500 });
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
  }

  /** Something was recorded: a checkpoint will follow. */
  wake(): void {
    this.follower?.wake();
  }

  /** Signs what is unsigned now, of every log. Never rejects. */
  signGrown(): Promise<void> {
    return this.trying(() => signAllGrown(this.signing()));
  }

  /**
   * Signs what is unsigned of one log, and waits for no other: whoever writes much into another log delays nobody. Callers that come
   * while it is signed share its next turn, instead of waiting for one lock on a connection each. Never rejects.
   */
  sign(logId: string): Promise<void> {
    const turn = this.turns.get(logId) ?? { running: Promise.resolve(), next: undefined };
    this.turns.set(logId, turn);
    turn.next ??= turn.running.then(() => {
      turn.next = undefined;
      turn.running = this.trying(() =>
        this.database.asWorker((sql) => signLog(sql, logId, this.signing())).then(() => undefined),
      ).finally(() => {
        if (!turn.next) this.turns.delete(logId);
      });
      return turn.running;
    });
    return turn.next;
  }

  private signing(): Signing {
    const { database, vault, clock } = this;
    return { database, vault, now: () => clock.now() };
  }

  private async trying(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error({ err: error }, 'Checkpoints could not be signed; retrying');
    }
  }
}

/** Signs every log that has grown. Those that are being written to at the moment come last, so that no other waits for their writers. */
export async function signAllGrown(options: Signing): Promise<void> {
  const grown = await options.database.asWorker((sql) =>
    sql.query<{ log_id: string }>('select log_id from log where size > checkpoint_size order by log_id'),
  );
  const failures: unknown[] = [];
  // One log a transaction: no writer of one log waits for the signatures of others, and one that cannot be signed holds up none.
  const sign = (logId: string, whenLocked: 'skip' | 'wait') =>
    options.database
      .asWorker((sql) => signLog(sql, logId, options, whenLocked))
      .catch((error: unknown) => {
        failures.push(error);
        return true;
      });
  const skipped: string[] = [];
  for (const { log_id: logId } of grown) if (!(await sign(logId, 'skip'))) skipped.push(logId);
  for (const logId of skipped) await sign(logId, 'wait');
  if (failures.length > 0)
    throw new AggregateError(failures, `The checkpoints of ${failures.length} logs could not be signed`);
}

/** Signs the log's newest tree unless that is done. @returns whether there was a tree to sign that no writer had locked */
async function signLog(
  sql: Sql,
  logId: string,
  { vault, now }: Pick<Signing, 'vault' | 'now'>,
  whenLocked: 'skip' | 'wait' = 'wait',
): Promise<boolean> {
  const [head] = await sql.query<{
    organization_id: string;
    origin: string;
    size: string;
    right_edge: Buffer;
  }>(
    `select organization_id, origin, size, right_edge from log
     where log_id = $1 and size > checkpoint_size for update ${whenLocked === 'skip' ? 'skip locked' : ''}`,
    [logId],
  );
  if (!head) return false;
  const size = Number(head.size);
  const root = rootOf({ size, edge: head.right_edge });
  const { signer } = await signingKey(sql, vault, head.origin);
  const note = signCheckpoint({ origin: head.origin, size, root }, signer);
  await sql.query(
    `insert into checkpoint (organization_id, log_id, size, note, signed_at) values ($1, $2, $3, $4, $5)`,
    [head.organization_id, logId, size, Buffer.from(note), now().toISOString()],
  );
  await sql.query('update log set checkpoint_size = $2 where log_id = $1', [logId, size]);
  return true;
}
