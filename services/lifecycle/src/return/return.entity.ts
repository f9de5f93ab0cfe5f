import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { ArchivePlan, ArchivePosition } from './archive-plan.js';

const time = () => p.string().columnType('timestamptz');

export const returnStatuses = [
  'requested',
  'assembling',
  'failed',
  'ready',
  'cancelled',
  'deleted',
  'expired',
] as const;
export type ReturnStatus = (typeof returnStatuses)[number];

/** The register of returns. */
export const ReturnRow = defineEntity({
  name: 'DataReturn',
  tableName: 'data_return',
  properties: {
    organizationId: p.uuid(),
    returnId: p.uuid().primary(),
    status: p.text().$type<ReturnStatus>(),
    fromTime: time().nullable(),
    toTime: time().nullable(),
    /** The request that the archive answers, where it has the data of one person; null where it is the organization's. */
    dataRequestId: p.uuid().nullable(),
    userId: p.uuid().nullable(),
    /** Every id under which values of the person are sealed. */
    subjects: p.json<readonly string[]>().nullable().lazy(),
    /** Bytes that a part has at most, unless one file alone is larger. */
    partSize: p.bigint('number'),
    /** What is in the archive: the same for all parts, whatever is released meanwhile. Null until it is begun. */
    plan: p.json<ArchivePlan>().nullable().lazy(),
    /** Where the next part begins; null until it is begun. */
    position: p.json<ArchivePosition>().nullable().lazy(),
    requestedAt: time(),
    expiresAt: time().nullable(),
    /** When something is to be done: the next part, its end, or the removal of its parts. Whoever does it moves it ahead meanwhile. */
    dueAt: time().nullable(),
  },
  uniques: [
    {
      name: 'data_return_organization_id_requested_at_return_id_key',
      properties: ['organizationId', 'requestedAt', 'returnId'],
    },
  ],
  indexes: [
    { name: 'data_return_due_at', properties: ['dueAt'] },
    { name: 'data_return_data_request_id', properties: ['dataRequestId'] },
    { name: 'data_return_user_id', properties: ['userId'] },
  ],
});
export type ReturnRow = InferEntity<typeof ReturnRow>;

/** A part is there before its body, and goes after it, as an attachment does. */
export const ReturnPartRow = defineEntity({
  name: 'ReturnPart',
  tableName: 'return_part',
  properties: {
    organizationId: p.uuid(),
    /** Also of its body in the store of bodies. */
    partId: p.uuid().primary(),
    returnId: p.uuid(),
    /** From 1 on. */
    number: p.integer(),
    status: p.text().$type<'writing' | 'kept'>(),
    /** Of the ZIP file, in bytes. */
    size: p.bigint('number'),
    sha256: p.text().nullable(),
    /** The key of its body alone, sealed by the organization's, or by that of the person whose data it is. */
    keySealed: p.text().lazy(),
  },
  uniques: [{ name: 'return_part_return_id_number_key', properties: ['returnId', 'number'] }],
});
export type ReturnPartRow = InferEntity<typeof ReturnPartRow>;
