import { retentionPolicies } from '@vouchsafe/contracts';
import { instant, type Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { outcomes, provenances, submitterTypes } from '../log/entry.js';
import { storedNames } from '../stored-names.js';

/** A bundle is kept this long after it is ready (docs/audit.md, 'Forensic export'). */
export const BUNDLE_DAYS = retentionPolicies['forensic-exports'].period.days;

/** What was asked for, as it is kept with the job: sealed, for filters and reasons may name people. */
export const exportRequest = z.strictObject({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  filter: z.strictObject({
    actor: z.string().optional(),
    operation: z.string().optional(),
    entityType: z.string().optional(),
    entityId: z.string().optional(),
    outcome: z.enum(outcomes).optional(),
    sourceIp: z.string().optional(),
    requestId: z.string().optional(),
    provenance: z.enum(provenances).optional(),
    source: z.string().optional(),
    submitterType: z.enum(submitterTypes).optional(),
    submitterId: z.string().optional(),
    q: z.string().optional(),
  }),
  disclose: z.array(z.string()),
  reason: z.string(),
});
export type ExportRequest = z.output<typeof exportRequest>;

export const exportStatuses = ['running', 'ready', 'failed', 'expired'] as const;

/** Its time was over, or a person of whom it opened a value was erased (P10). */
export const expiryReasons = ['time', 'erasure'] as const;

export interface ExportJob {
  readonly exportId: string;
  readonly organizationId: string;
  readonly status: (typeof exportStatuses)[number];
  readonly requestedAt: string;
  /** How often it was begun; each time writes a file of its own. */
  readonly attempt: number;
  readonly done: number;
  readonly total: number;
  readonly expiresAt: string | null;
  readonly size: number | null;
  readonly failedBecause: string | null;
  readonly expiredBecause: (typeof expiryReasons)[number] | null;
  readonly sealedKey: string | null;
  readonly directory: { readonly at: number; readonly length: number } | null;
}

export async function insertExport(
  sql: Sql,
  vault: Vault,
  job: {
    exportId: string;
    organizationId: string;
    requestedBy: string;
    requestedAt: string;
    request: ExportRequest;
  },
): Promise<void> {
  const { exportId, organizationId, requestedBy, requestedAt, request } = job;
  const sealed = await sealFor(sql, vault, job, 'request', JSON.stringify(request));
  await sql.query(
    `insert into export (export_id, organization_id, status, requested_by, requested_at, sealed_request)
     values ($1, $2, 'running', $3, $4, $5)`,
    [exportId, organizationId, requestedBy, requestedAt, sealed],
  );
}

type ExportRow = {
  export_id: string;
  organization_id: string;
  status: ExportJob['status'];
  requested_at: string;
  attempt: number;
  done: string;
  total: string;
  expires_at: string | null;
  size: string | null;
  failed_because: string | null;
  expired_because: ExportJob['expiredBecause'];
  sealed_key: string | null;
  directory_at: string | null;
  directory_length: string | null;
};

export async function exportOf(sql: Sql, exportId: string): Promise<ExportJob | undefined> {
  const [row] = await sql.query<ExportRow>('select * from export where export_id = $1', [exportId]);
  return row && jobOf(row);
}

function jobOf(row: ExportRow): ExportJob {
  return {
    exportId: row.export_id,
    organizationId: row.organization_id,
    status: row.status,
    requestedAt: instant(row.requested_at).toISOString(),
    attempt: row.attempt,
    done: Number(row.done),
    total: Number(row.total),
    expiresAt: row.expires_at === null ? null : instant(row.expires_at).toISOString(),
    size: row.size === null ? null : Number(row.size),
    failedBecause: row.failed_because,
    expiredBecause: row.expired_because,
    sealedKey: row.sealed_key,
    directory:
      row.directory_at === null || row.directory_length === null
        ? null
        : { at: Number(row.directory_at), length: Number(row.directory_length) },
  };
}

export interface ExportId {
  readonly exportId: string;
  readonly organizationId: string;
}

/** Sealed by a key of the export's own, whatever month it is when it is opened. */
export async function sealFor(
  sql: Sql,
  vault: Vault,
  job: ExportId,
  what: string,
  text: string,
): Promise<string> {
  const sealed = await vault.seal(sql, scopeOf(job), contextOf(job, what), text);
  if (isErased(sealed)) throw new Error(`The key of export ${job.exportId} was destroyed`);
  return sealed;
}

export async function openFor(
  sql: Sql,
  vault: Vault,
  job: ExportId,
  what: string,
  sealed: string,
): Promise<string> {
  const text = await vault.open(sql, scopeOf(job), contextOf(job, what), sealed);
  if (isErased(text)) throw new Error(`The key of export ${job.exportId} was destroyed`);
  return text;
}

function scopeOf({ organizationId, exportId }: ExportId) {
  return { organizationId, subjectId: `export ${exportId}` };
}

function contextOf({ exportId }: ExportId, what: string): readonly string[] {
  return [storedNames.export, exportId, what];
}
