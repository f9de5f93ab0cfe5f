import { Injectable } from '@nestjs/common';
import { Database, retryingDeadlocks } from '@vouchsafe/database';
import { type Caller, Clock, createOnce, Ids } from '@vouchsafe/service-host';
import type { JsonObject } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { type NewEntry, observedBy, type DottedPath } from '../log/entry.js';
import { Recorder } from '../log/record.js';
import { type ExportRequest, insertExport } from './export.js';

/** Takes on a forensic export, which a worker makes; that it was asked for stands in the customer's own log beside the entries. */
@Injectable()
export class RequestExport {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly recorder: Recorder,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @param key the request's `Idempotency-Key` */
  request(
    organizationId: string,
    caller: Caller,
    asked: ExportRequest,
    key: string | undefined,
  ): Promise<{ exportId: string }> {
    const at = this.clock.now();
    const request = { organizationId, caller, operation: 'audit-export.request', key, request: asked, at };
    return retryingDeadlocks(() =>
      this.database.forOrganization(organizationId, (sql) =>
        createOnce(this.vault, sql, request, async () => {
          const exportId = this.ids.newId();
          await insertExport(sql, this.vault, {
            ...{ exportId, organizationId, request: asked },
            requestedBy: caller.actor.id,
            requestedAt: at.toISOString(),
          });
          const recorded = await this.recorder.record(sql, [
            entryOfExport(exportId, organizationId, caller, asked, at),
          ]);
          if (recorded.status !== 'recorded')
            throw new Error(`The request of an export could not be recorded: ${recorded.because}`);
          return { body: { exportId } };
        }),
      ),
    );
  }
}

/** The entry of an export's request: which values it discloses is in clear; the reason and the persons are digests. */
function entryOfExport(
  exportId: string,
  organizationId: string,
  { actor, requestId, sourceIp, userAgent }: Caller,
  { from, to, filter, disclose, reason }: ExportRequest,
  at: Date,
): NewEntry {
  const asked = Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined),
  ) as JsonObject;
  return {
    organizationId,
    ...observedBy('audit'),
    id: null,
    occurredAt: at.toISOString(),
    actor,
    operation: 'audit-export.request',
    entity: { type: 'audit-export', id: exportId },
    outcome: 'success',
    sourceIp,
    url: null,
    userAgent,
    requestId,
    details: { from, to, filter: asked, disclose, reason },
    clear: new Set<DottedPath>(['actor.id', 'entity.id', 'requestId', 'details.from', 'details.to']),
    subject: actor.type === 'user' && z.uuid().safeParse(actor.id).success ? actor.id : null,
  };
}
