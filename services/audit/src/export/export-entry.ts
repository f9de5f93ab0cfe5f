import type { Caller } from '@vouchsafe/service-host';
import type { JsonObject } from '@vouchsafe/transparency-log';
import { z } from 'zod';
import { type NewEntry, observedBy, type Place } from '../log/entry.js';
import type { ExportRequest } from './export.js';

/** That somebody asked for a bundle: which values are opened stands in clear, why and of whom as digests. */
export function entryOfExport(
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
    clear: new Set<Place>(['actor.id', 'entity.id', 'requestId', 'details.from', 'details.to']),
    subject: actor.type === 'user' && z.uuid().safeParse(actor.id).success ? actor.id : null,
  };
}
