import { randomUUID } from 'node:crypto';
import { instant, prepared, type Sql, type Transaction } from '@vouchsafe/database';
import type { RightEdge } from '@vouchsafe/transparency-log';
import { refusedAmong, type Vault } from '@vouchsafe/vault';
import { createSigningKey } from './signing-key.js';
import { type Predecessor, predecessorsOf } from './successor.js';

/** Where a log ends, held until commit. */
export interface Head {
  readonly organizationId: string;
  readonly logId: string;
  readonly tree: RightEdge;
  readonly recordedAt: Date;
  readonly leaves: Uint8Array[];
  /** Of a log whose first entry is still to be written: the one that it comes after. */
  readonly succeeds: Predecessor | undefined;
}

export interface LogOpening {
  readonly vault: Vault;
  /** First part of every log's origin: a host name of the operator's. */
  readonly originName: string;
  readonly now: () => Date;
}

/**
 * Opens logs that are missing, locks the open ones, and gives each the time that its new entries are recorded at. An organization that is
 * erased has none: its log is closed, and no other is opened (P31).
 */
export async function lockHeads(
  transaction: Transaction,
  organizationIds: readonly string[],
  opening: LogOpening,
): Promise<Map<string, Head>> {
  let rows = await lockedHeads(transaction, organizationIds);
  const missing = organizationIds.filter((id) => !rows.some((row) => row.organization_id === id));
  if (missing.length > 0) {
    const refused = await refusedAmong(transaction, missing);
    for (const organizationId of missing.toSorted())
      if (!refused.has(organizationId)) await openLog(transaction, organizationId, opening);
    rows = await lockedHeads(transaction, organizationIds);
  }
  const empty = rows.filter(({ size }) => size === '0').map((row) => row.organization_id);
  const predecessors = empty.length === 0 ? undefined : await predecessorsOf(transaction, empty);
  // Asked behind the lock; and never before the log's last entry, whatever this machine's clock says.
  const now = opening.now();
  return new Map(
    rows.map((row) => {
      const last = instant(row.recorded_at);
      return [
        row.organization_id,
        {
          organizationId: row.organization_id,
          logId: row.log_id,
          tree: { size: Number(row.size), edge: row.right_edge },
          recordedAt: last > now ? last : now,
          leaves: [],
          succeeds: predecessors?.get(row.organization_id),
        },
      ];
    }),
  );
}

async function openLog(
  transaction: Sql,
  organizationId: string,
  { vault, originName, now: clock }: LogOpening,
): Promise<void> {
  const logId = randomUUID();
  const origin = `${originName}/${logId}`;
  const now = clock().toISOString();
  const opened = await transaction.query(
    `insert into log (log_id, organization_id, origin, recorded_at, opened_at) values ($1, $2, $3, $4, $4)
       on conflict (organization_id) where closed_at is null do nothing returning 1 as opened`,
    [logId, organizationId, origin, now],
  );
  // Another writer opened it a moment ago: its log is the one.
  if (opened.length === 0) return;
  await createSigningKey(transaction, vault, { organizationId, logId, name: origin, now });
}

type HeadRow = {
  organization_id: string;
  log_id: string;
  size: string;
  right_edge: Buffer;
  recorded_at: string;
};

function lockedHeads(sql: Sql, organizationIds: readonly string[]): Promise<HeadRow[]> {
  return sql.query<HeadRow>(
    prepared(`select organization_id, log_id, size, right_edge, recorded_at from log
     where organization_id = any ($1::uuid[]) and closed_at is null order by log_id for update`),
    [organizationIds],
  );
}
