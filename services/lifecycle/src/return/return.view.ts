import { instant, type Sql } from '@vouchsafe/database';
import { z } from 'zod';
import { type ReturnRow, returnStatuses } from './return.entity.js';
import type { KeptPart } from './manifest.js';

const time = z.iso.datetime();

const part = z
  .strictObject({
    part: z.int().min(1).describe('Number of the part, from 1 on'),
    size: z.int().describe('Of the ZIP file, in bytes'),
    sha256: z.string().describe('SHA-256 of the ZIP file, in hexadecimal digits'),
  })
  .meta({ id: 'ReturnPart' });

const summary = {
  returnId: z.uuid(),
  status: z
    .enum(returnStatuses)
    .describe(
      '`requested`: it waits; `assembling`: it is put together; `failed`: that failed, and is tried again by itself; `ready`: its parts can be ' +
        'downloaded; `cancelled`: it was deleted before it was ready; `deleted`: it was deleted; `expired`: it was deleted when its time was over',
    ),
  from: time.nullable().describe('Records from this time on; null for all'),
  to: time.nullable().describe('Records before this time; null for all'),
  partSize: z.int().describe('Bytes that a part has at most, unless one file alone is larger'),
  requestedAt: time.describe('When it was requested'),
  expiresAt: time.nullable().describe('When it is deleted; null until it is ready'),
};

export const returnSummary = z.strictObject(summary).meta({ id: 'ReturnSummary' });
export const returnView = z
  .strictObject({
    ...summary,
    parts: z.array(part).describe('The files of the archive; empty unless it is ready'),
  })
  .meta({ id: 'Return' });
export type ReturnView = z.infer<typeof returnView>;

export function summaryOf(row: ReturnRow): z.infer<typeof returnSummary> {
  const { returnId, status, partSize } = row;
  return {
    ...{ returnId, status, partSize },
    from: timeOrNull(row.fromTime),
    to: timeOrNull(row.toTime),
    requestedAt: instant(row.requestedAt).toISOString(),
    expiresAt: timeOrNull(row.expiresAt),
  };
}

/** Parts are shown when all are there. */
export async function viewOf(sql: Sql, row: ReturnRow): Promise<ReturnView> {
  return { ...summaryOf(row), parts: row.status === 'ready' ? await keptParts(sql, row.returnId) : [] };
}

export async function keptParts(sql: Sql, returnId: string): Promise<KeptPart[]> {
  const rows = await sql.query<{ number: number; size: string; sha256: string }>(
    `select number, size, sha256 from return_part where return_id = $1 and status = 'kept' order by number`,
    [returnId],
  );
  return rows.map(({ number, size, sha256 }) => ({ part: number, size: Number(size), sha256 }));
}

function timeOrNull(text: string | null | undefined): string | null {
  return text ? instant(text).toISOString() : null;
}
