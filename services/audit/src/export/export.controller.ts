import {
  Body,
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  Post,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  Caller,
  ENTRY_DETAILS_HEADER,
  entryDetails,
  Operation,
  organizationOf,
  plainLine,
  problem,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { entryFilter } from '../entry/entry.controller.js';
import { time } from '../entry/instant.js';
import { microseconds } from '../log/instant.js';
import { expiryReasons, exportOf, exportStatuses } from './export.js';
import { OpenBundle } from './open-bundle.js';
import { RequestExport } from './request-export.js';

const disclosable = z
  .string()
  .regex(
    /^(id|actor\.id|entity\.id|sourceIp|url|userAgent|requestId|details(\..{1,100})?)$/su,
    'must be one of id, actor.id, entity.id, sourceIp, url, userAgent, requestId, details, details.<name>',
  )
  .refine((path) => path.isWellFormed(), 'must not contain half of a surrogate pair');
const disclosed =
  'Personal values to disclose, as field paths. `details` discloses all details, `details.<name>` the one that is called `<name>`, ' +
  'with everything in it. All that follows `details.` is the name, dots included: `details.card` does not disclose a detail ' +
  '`card.number`, and `details.card.number` discloses that one and nothing of `card`. A name that no entry has discloses nothing.';
const newExport = z
  .strictObject({
    from: time.default('1970-01-01T00:00:00.000Z'),
    to: time.default('9999-12-31T23:59:59.999Z'),
    filter: entryFilter
      .omit({ from: true, to: true })
      .default({})
      .describe('Only entries that fit all of these, as in the list of entries'),
    disclose: z.array(disclosable).max(100).default([]).describe(disclosed),
    reason: plainLine(1000, 'Why you export; it is recorded in the log'),
  })
  .refine(({ from, to }) => microseconds(from) <= microseconds(to), {
    path: ['to'],
    message: 'must not be before `from`',
  })
  .meta({
    id: 'NewAuditExport',
    examples: [
      {
        from: '2026-11-01',
        to: '2026-12-01',
        filter: { provenance: 'observed' },
        disclose: ['actor.id', 'sourceIp'],
        reason: 'Yearly audit',
      },
    ],
  });
const exportView = z
  .strictObject({
    exportId: z.uuid(),
    status: z.enum(exportStatuses).describe('The bundle can be downloaded while it is `ready`'),
    progress: z
      .strictObject({
        done: z.int().describe('Entries written so far'),
        total: z.int().describe('Entries to write; 0 until they are counted'),
      })
      .describe('How far the export is'),
    requestedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable().describe('When the bundle is deleted; null until it is ready'),
    size: z.int().nullable().describe('Size of bundle.zip in bytes; null until it is ready'),
    failedBecause: z.string().nullable().describe('Why it failed; null unless `status` is `failed`'),
    expiredBecause: z
      .enum(expiryReasons)
      .nullable()
      .describe(
        'Why it expired: `time`: its days were over; `erasure`: a person whose values it disclosed was erased (request another export); null unless it has expired',
      ),
  })
  .meta({ id: 'AuditExport' });
const exportPath = z.strictObject({ exportId: z.uuid() });

@Controller('v1/audit/exports')
export class ExportController {
  constructor(
    private readonly database: Database,
    private readonly requestExport: RequestExport,
    private readonly openBundle: OpenBundle,
  ) {}

  @Post()
  @HttpCode(202)
  @Operation({
    permission: 'audit:export',
    operation: 'audit-export.request',
    entity: { type: 'audit-export', id: 'response.exportId' },
    effect: 'write',
    summary: 'Request a forensic bundle of a time range; it is made in the background',
    answers: { 202: z.strictObject({ exportId: z.uuid() }) },
    idempotent: true,
  })
  request(
    @Body({ schema: newExport }) body: z.output<typeof newExport>,
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ) {
    return this.requestExport.request(organizationOf(caller), caller, body, key);
  }

  @Get(':exportId')
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'audit:export',
    operation: 'audit-export.read',
    entity: { type: 'audit-export', id: 'path.exportId' },
    effect: 'read',
    summary: 'The state of an export',
    answers: { 200: exportView },
    problems: ['not-found'],
  })
  async read(
    @Param({ schema: exportPath }) { exportId }: z.output<typeof exportPath>,
    @Caller() caller: Caller,
  ) {
    const job = await this.database.forOrganization(organizationOf(caller), (sql) => exportOf(sql, exportId));
    if (!job) throw problem('not-found');
    const { status, done, total, requestedAt, expiresAt, size, ...because } = job;
    const { failedBecause, expiredBecause } = because;
    const progress = { done, total };
    return { exportId, status, progress, requestedAt, expiresAt, size, failedBecause, expiredBecause };
  }

  @Get(':exportId/bundle.zip')
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'audit:export',
    operation: 'audit-export.download',
    entity: { type: 'audit-export', id: 'path.exportId' },
    effect: 'read',
    summary: 'Download the bundle, as often as you like until it expires',
    answers: { 200: 'application/zip' },
    problems: ['not-found', 'conflict', 'gone'],
    response: 'stream',
  })
  async download(
    @Param({ schema: exportPath }) { exportId }: z.output<typeof exportPath>,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const opened = await this.openBundle.open(organizationOf(caller), exportId);
    if (opened.status === 'unknown') throw problem('not-found');
    if (opened.status === 'expired') throw problem('gone');
    if (opened.status === 'not-ready')
      throw problem('conflict', {
        detail: `The status of the export is ${opened.job.status}; its bundle can be downloaded when it is ready`,
        reason: 'not-ready',
      });
    const { stream, size } = opened;
    void reply.header(ENTRY_DETAILS_HEADER, entryDetails({ exportId, size }));
    return new StreamableFile(stream, {
      type: 'application/zip',
      disposition: `attachment; filename="vouchsafe-${exportId}.zip"`,
      length: size,
    });
  }
}
