import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  accepted,
  Caller,
  Clock,
  expiry,
  Operation,
  organizationOf,
  plainLine,
  problem,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { CreateReader, type ReaderRejection } from './create-reader.js';
import { readersOf, revokeReader } from './reader.js';

const newReader = z
  .strictObject({
    name: plainLine(200, 'Whom the path is given to'),
    logId: z.uuid().optional().describe('The log; the open one by default'),
    expiresAt: expiry.nullish().describe('When the path stops working; never, where it is left out'),
  })
  .meta({ examples: [{ name: 'External auditor', expiresAt: '2099-12-31T23:59:59Z' }] });
const readerView = z.strictObject({
  readerId: z.uuid(),
  logId: z.uuid(),
  name: z.string().describe('Whom the path was given to'),
  createdBy: z.string().describe('Id of the user or API key that created it'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});
const madeReader = readerView.extend({
  path: z
    .string()
    .nullable()
    .describe(
      'Root of the log for any tlog-tiles client; whoever knows it can read the log’s hashes. Shown once',
    ),
  origin: z.string().describe('First line of the log’s checkpoints, and the name of its key'),
  vkey: z.string().describe('Verifier key of the log’s checkpoints (c2sp.org/signed-note)'),
});
const readerPath = z.strictObject({ readerId: z.uuid() });

@Controller('v1/audit/readers')
export class ReaderController {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly createReader: CreateReader,
  ) {}

  @Post()
  @Operation({
    permission: 'audit:export',
    operation: 'audit-reader.create',
    entity: { type: 'audit-reader', id: 'response.readerId' },
    effect: 'write',
    summary: 'Create a path for one auditor to a log’s checkpoints and tiles',
    answers: { 201: madeReader },
    problems: ['not-found', 'invalid-request'],
    idempotent: true,
  })
  async create(
    @Body({ schema: newReader }) body: z.output<typeof newReader>,
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ) {
    return accepted(await this.createReader.create(organizationOf(caller), caller, body, key), problems);
  }

  @Get()
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'audit:read',
    operation: 'audit-reader.list',
    entity: { type: 'audit-reader', id: null },
    effect: 'read',
    summary: 'The paths that were given to auditors',
    answers: { 200: z.strictObject({ readers: z.array(readerView.meta({ id: 'AuditReader' })) }) },
  })
  list(@Caller() caller: Caller) {
    const organizationId = organizationOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => ({
      readers: await readersOf(sql, this.vault, organizationId),
    }));
  }

  @Delete(':readerId')
  @HttpCode(204)
  @Operation({
    permission: 'audit:export',
    operation: 'audit-reader.revoke',
    entity: { type: 'audit-reader', id: 'path.readerId' },
    effect: 'write',
    summary: 'Revoke an auditor’s path at once; it stays in the list',
    answers: { 204: null },
    problems: ['not-found'],
  })
  async revoke(
    @Param({ schema: readerPath }) { readerId }: z.output<typeof readerPath>,
    @Caller() caller: Caller,
  ) {
    const at = this.clock.now().toISOString();
    const found = await this.database.forOrganization(organizationOf(caller), (sql) =>
      revokeReader(sql, readerId, at),
    );
    if (!found) throw problem('not-found');
  }
}

/** How each rejection is answered. */
const problems = {
  'unknown-log': ['not-found', 'There is no such log, or it is not visible to you'],
  'expires-in-the-past': ['invalid-request', 'must be in the future', '/expiresAt'],
} as const satisfies Record<ReaderRejection, RejectionProblem>;
