import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import {
  accepted,
  Caller,
  decimal,
  Operation,
  type PageQuery,
  pageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Download, downloadHeaders, sendBody } from '../attachment/send-body.js';
import { DeleteReturn, type DeletingRejection } from './delete-return.js';
import { OpenPart } from './open-part.js';
import { ReadReturns, returnPage } from './read-returns.js';
import { newReturn, type NewReturn, type RequestRejection, RequestReturn } from './request-return.js';
import { type ReturnView, returnView } from './return.view.js';

const path = z.strictObject({ returnId: z.uuid() });
const partPath = path.extend({
  part: decimal(1, 1_000_000).describe('Number of the part, from 1 on'),
});

/** How each rejection is answered. */
const problems = {
  'empty-range': ['rejected', 'must be after `from`', '/to'],
  others: ['forbidden', 'Only the operator can have another organization’s data returned'],
  'unknown-organization': ['rejected', 'There is no such organization', '/organizationId'],
  'period-over': [
    'conflict',
    'The time in which an organization that has ended can have its data returned is over. Ask the operator',
  ],
  purging: ['conflict', 'The data of the organization is being deleted'],
  'already-under-way': ['conflict', 'An archive is being put together already'],
  'too-many-kept': ['conflict', 'Three archives are kept already. Delete one first'],
  'already-requested': ['conflict', 'The archive was requested already'],
  held: ['conflict', 'A legal hold keeps this archive. It can be deleted when the hold is released'],
  'not-there': ['not-found', 'There is no such archive'],
  'not-due': ['conflict', 'The archive is not in a state that allows this'],
} as const satisfies Record<(RequestRejection | DeletingRejection)['rejected'], RejectionProblem>;

@Controller('v1/lifecycle/returns')
export class ReturnController {
  constructor(
    private readonly requestReturn: RequestReturn,
    private readonly readReturns: ReadReturns,
    private readonly openPart: OpenPart,
    private readonly deleteReturn: DeleteReturn,
  ) {}

  @Post()
  @Operation({
    permission: 'returns:write',
    operation: 'return.request',
    entity: { type: 'return', id: 'response.returnId' },
    effect: 'write',
    summary:
      'Have all data of the organization put into an archive of ZIP files, as CSV and as the files that were stored',
    answers: { 201: returnView },
    problems: ['rejected', 'conflict', 'forbidden', 'step-up-required'],
    idempotent: true,
  })
  async request(
    @Caller() caller: Caller,
    @Body({ schema: newReturn }) body: NewReturn,
    @Headers('idempotency-key') key?: string,
  ): Promise<ReturnView> {
    return accepted(await this.requestReturn.request(caller, body, key), problems);
  }

  @Get()
  @Operation({
    permission: 'returns:read',
    operation: 'return.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The archives that were requested, newest first; those that were deleted, too',
    answers: { 200: returnPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof returnPage>> {
    return this.readReturns.list(caller, query);
  }

  @Get(':returnId')
  @Operation({
    permission: 'returns:read',
    operation: 'return.read',
    entity: { type: 'return', id: 'path.returnId' },
    effect: 'read',
    summary: 'Read how far an archive is and, when it is ready, which parts it has',
    answers: { 200: returnView },
    problems: ['not-found'],
  })
  read(
    @Caller() caller: Caller,
    @Param({ schema: path }) { returnId }: z.output<typeof path>,
  ): Promise<ReturnView> {
    return this.readReturns.read(caller, returnId);
  }

  @Get(':returnId/parts/:part')
  @Download()
  @Operation({
    permission: 'returns:read',
    operation: 'return.download',
    entity: { type: 'return', id: 'path.returnId' },
    effect: 'read',
    summary: 'Download a part of an archive, or a range of its bytes (`Range`, RFC 9110)',
    answers: { 200: 'application/zip', 206: 'application/zip' },
    problems: ['not-found', 'gone', 'range-not-satisfiable'],
    response: 'stream',
    headers: downloadHeaders,
  })
  async download(
    @Caller() caller: Caller,
    @Param({ schema: partPath }) { returnId, part }: z.output<typeof partPath>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('range') range?: string,
    @Headers('if-range') ifRange?: string,
  ): Promise<StreamableFile> {
    const opened = await this.openPart.open(caller, returnId, part, { range, ifRange });
    const name = `return-${returnId}-part-${part}.zip`;
    const { sha256 } = opened;
    return sendBody(reply, opened, { sha256, name, type: 'application/zip', details: { part } });
  }

  @Delete(':returnId')
  @HttpCode(204)
  @Operation({
    permission: 'returns:write',
    operation: 'return.delete',
    entity: { type: 'return', id: 'path.returnId' },
    effect: 'write',
    summary: 'Delete an archive, or stop putting it together; the data itself stays',
    answers: { 204: null },
    problems: ['not-found', 'conflict'],
  })
  async delete(
    @Caller() caller: Caller,
    @Param({ schema: path }) { returnId }: z.output<typeof path>,
  ): Promise<void> {
    accepted(await this.deleteReturn.delete(caller, returnId), problems);
  }
}
