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
  private round: Promise<void> = Promise.resolve();
  private nextRound: Promise<void> | undefined;

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

  /**
   * Signs what is unsigned now. Callers that come during a round share the next one: otherwise each of many callers that ask for proofs
   * of new entries would wait for the same locks on its own connection. Never rejects.
   */
  signGrown(): Promise<void> {
    this.nextRound ??= this.round.then(() => {
      this.nextRound = undefined;
      this.round = this.signAll();
      return this.round;
    });
    return this.nextRound;
  }

  private async signAll(): Promise<void> {
    const { database, vault, clock } = this;
    try {
      await signAllGrown({ database, vault, now: () => clock.now() });
    } catch (error) {
      this.logger.error({ err: error }, 'Checkpoints could not be signed; retrying');
    }
  }
}

export async function signAllGrown(options: Signing): Promise<void> {
  const { database } = options;
  const grown = await database.asWorker((sql) =>
    sql.query<{ log_id: string }>('select log_id from log where size > checkpoint_size order by log_id'),
  );
  const failures: unknown[] = [];
  // One transaction per log: no writer waits for the signatures of other logs, and a log that cannot be signed delays no other.
  for (const { log_id: logId } of grown) {
    await database
      .asWorker((sql) => signLog(sql, logId, options))
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `The checkpoints of ${failures.length} logs could not be signed`);
}

/** Signs the log's newest tree unless that is done. */
async function signLog(
  sql: Sql,
  logId: string,
  { vault, now }: Pick<Signing, 'vault' | 'now'>,
): Promise<void> {
  const [head] = await sql.query<{
    organization_id: string;
    origin: string;
    size: string;
    right_edge: Buffer;
  }>(
    `select organization_id, origin, size, right_edge from log
     where log_id = $1 and size > checkpoint_size for update`,
    [logId],
  );
  if (!head) return;
  const size = Number(head.size);
  const root = rootOf({ size, edge: head.right_edge });
  const { signer } = await signingKey(sql, vault, head.origin);
  const note = signCheckpoint({ origin: head.origin, size, root }, signer);
  await sql.query(
    `insert into checkpoint (organization_id, log_id, size, note, signed_at) values ($1, $2, $3, $4, $5)`,
    [head.organization_id, logId, size, Buffer.from(note), now().toISOString()],
  );
  await sql.query('update log set checkpoint_size = $2 where log_id = $1', [logId, size]);
}
