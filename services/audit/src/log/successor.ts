import { instant, type Sql } from '@vouchsafe/database';
import { rootOf } from '@vouchsafe/transparency-log';
import { type NewEntry, observedBy } from './entry.js';

/** A log that was closed at its cut: whatever was given out of it begins with this tree. */
export interface Predecessor {
  readonly organizationId: string;
  readonly logId: string;
  readonly origin: string;
  readonly size: number;
  /** Of the tree, base64: its closing checkpoint says the same. */
  readonly root: string;
  readonly lastRecordedAt: string;
}

/** The log that each organization's open one comes after, where one was closed. */
export async function predecessorsOf(
  sql: Sql,
  organizationIds: readonly string[],
): Promise<Map<string, Predecessor>> {
  const rows = await sql.query<{
    organization_id: string;
    log_id: string;
    origin: string;
    size: string;
    right_edge: Buffer;
    recorded_at: string;
  }>(
    `select distinct on (organization_id) organization_id, log_id, origin, size, right_edge, recorded_at from log
     where organization_id = any ($1::uuid[]) and closed_at is not null order by organization_id, closed_at desc`,
    [organizationIds],
  );
  return new Map(
    rows.map((row) => {
      const size = Number(row.size);
      const predecessor = {
        ...{ organizationId: row.organization_id, logId: row.log_id, origin: row.origin, size },
        root: Buffer.from(rootOf({ size, edge: row.right_edge })).toString('base64'),
        lastRecordedAt: instant(row.recorded_at).toISOString(),
      };
      return [row.organization_id, predecessor];
    }),
  );
}

/**
 * The first entry of a successor (docs/audit.md, 'The log'): it names the predecessor's closing checkpoint, and since when entries may be
 * missing. No other tree is ever signed for the old log.
 */
export function entryOfSuccession(
  { organizationId, logId, origin, size, root, lastRecordedAt }: Predecessor,
  at: Date,
): NewEntry {
  return {
    organizationId,
    ...observedBy('audit'),
    id: null,
    occurredAt: at.toISOString(),
    actor: { type: 'service', id: 'audit' },
    operation: 'audit-log.succeed',
    entity: { type: 'audit-log', id: logId },
    outcome: 'success',
    ...{ sourceIp: null, url: null, userAgent: null, requestId: null },
    details: { predecessor: origin, size, root, lastRecordedAt },
    clear: new Set(['actor.id', 'entity.id', 'details']),
    subject: null,
  };
}
