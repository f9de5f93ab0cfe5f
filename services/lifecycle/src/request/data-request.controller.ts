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
import { accepted, Caller, decimal, Operation, type OperationDeclaration } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Download, downloadHeaders, sendBody } from '../attachment/send-body.js';
import { type ReturnView, returnView } from '../return/return.view.js';
import { ArchiveByRequest } from './archive-by-request.js';
import { dataRequestProblems as problems } from './data-request.problems.js';
import { dataRequestView, type DataRequestView } from './data-request.view.js';
import {
  acceptance,
  closure,
  DecideRequest,
  extension,
  fulfilment,
  lifting,
  notifiedRecipients,
  refusal,
} from './decide-request.js';
import { approval, EraseByRequest, type ErasurePreview, erasurePreview } from './erase-by-request.js';
import { newDataRequest, type NewDataRequest, ReceiveRequest } from './receive-request.js';
import { EnterRequest, outsideRequestIn } from './enter-request.js';
import { transfer, TransferRequest } from './transfer-request.js';
import { dataRequestPage, dataRequestQuery, ReadRequests } from './read-requests.js';

const nothing = z.strictObject({});
const made = ['organization-inactive', 'rejected', 'conflict', 'not-found'] as const;
const path = z.strictObject({ id: z.uuid() });
const partPath = path.extend({
  part: decimal(1, 1_000_000).describe('Number of the part, from 1 on'),
});
type Path = z.infer<typeof path>;
type View = Promise<DataRequestView>;

/** A step that whoever decides about the data takes. */
function step(
  operation: OperationDeclaration['operation'],
  summary: string,
  more: Pick<OperationDeclaration, 'problems' | 'description'> = {},
): OperationDeclaration {
  const { problems: others = [], ...described } = more;
  return {
    ...{ permission: 'requests:write', operation, effect: 'write', summary, ...described },
    entity: { type: 'data-request', id: 'path.id' },
    answers: { 200: dataRequestView },
    problems: ['not-found', 'conflict', ...others],
  };
}

@Controller('v1/lifecycle/requests')
export class DataRequestController {
  constructor(
    private readonly receiveRequest: ReceiveRequest,
    private readonly readRequests: ReadRequests,
    private readonly decideRequest: DecideRequest,
    private readonly eraseByRequest: EraseByRequest,
    private readonly enterRequest: EnterRequest,
    private readonly transferRequest: TransferRequest,
    private readonly archiveByRequest: ArchiveByRequest,
  ) {}

  @Post()
  @Operation({
    permission: 'public',
    operation: 'data-request.make',
    entity: { type: 'data-request', id: 'response.dataRequestId' },
    effect: 'write',
    summary: 'Exercise a right over your personal data, with an account or without',
    description:
      'With a session: a member’s request to their organization; owners and admins also enter requests of others. Without one: `email` is required, ' +
      'and the answer is 202, the same for every address. A link is sent there; nobody sees the request before it is opened. If it is not opened within ' +
      '48 hours, the request is deleted.',
    answers: { 201: dataRequestView, 202: nothing },
    problems: ['unauthenticated', 'forbidden', 'second-factor-required', ...made],
    idempotent: true,
  })
  async make(
    @Caller() caller: Caller,
    @Body({ schema: newDataRequest }) body: NewDataRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('idempotency-key') key?: string,
  ): Promise<DataRequestView | z.infer<typeof nothing>> {
    const outside = caller.actor.type === 'anonymous' ? outsideRequestIn(body) : undefined;
    if (!outside) return accepted(await this.receiveRequest.receive(caller, body, key), problems);
    await this.enterRequest.enter(caller, outside, key);
    void reply.status(202);
    return {};
  }

  @Get()
  @Operation({
    permission: 'self',
    operation: 'data-request.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary:
      'Requests about personal data, newest first: your own, or with `requests:read` the organization’s',
    answers: { 200: dataRequestPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: dataRequestQuery }) query: z.output<typeof dataRequestQuery>,
  ): Promise<z.infer<typeof dataRequestPage>> {
    return this.readRequests.list(caller, query);
  }

  @Get(':id')
  @Operation({
    permission: 'self',
    operation: 'data-request.read',
    entity: { type: 'data-request', id: 'path.id' },
    effect: 'read',
    summary: 'Read a request: its dates, what was decided, and how far an erasure is',
    answers: { 200: dataRequestView },
    problems: ['not-found'],
  })
  read(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): View {
    return this.readRequests.read(caller, id);
  }

  @Post(':id/identity-request')
  @HttpCode(200)
  @Operation(
    step(
      'data-request.request-identity',
      'Ask whoever asked to show who they are; the time stands still until then',
    ),
  )
  async requestIdentity(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): View {
    return accepted(await this.decideRequest.requestIdentity(caller, id), problems);
  }

  @Post(':id/identity-confirmation')
  @HttpCode(200)
  @Operation(step('data-request.confirm-identity', 'Record that whoever asked has shown who they are'))
  async confirmIdentity(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): View {
    return accepted(await this.decideRequest.confirmIdentity(caller, id), problems);
  }

  @Post(':id/acceptance')
  @HttpCode(200)
  @Operation(step('data-request.accept', 'Accept a request', { problems: ['rejected'] }))
  async accept(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: acceptance }) body: z.output<typeof acceptance>,
  ): View {
    return accepted(await this.decideRequest.accept(caller, id, body), problems);
  }

  @Post(':id/refusal')
  @HttpCode(200)
  @Operation(
    step('data-request.refuse', 'Refuse a request, with reasons', {
      description:
        'Whoever asked is told the reasons by email, with the right to complain to an authority and to go to court (Article 12(4) GDPR).',
    }),
  )
  async refuse(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: refusal }) body: z.output<typeof refusal>,
  ): View {
    return accepted(await this.decideRequest.refuse(caller, id, body), problems);
  }

  @Post(':id/extension')
  @HttpCode(200)
  @Operation(
    step(
      'data-request.extend',
      'Extend the time to three months after receipt, once, within the first month',
    ),
  )
  async extend(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: extension }) body: z.output<typeof extension>,
  ): View {
    return accepted(await this.decideRequest.extend(caller, id, body), problems);
  }

  @Get(':id/preview')
  @Operation({
    permission: 'requests:write',
    operation: 'data-request.preview',
    entity: { type: 'data-request', id: 'path.id' },
    effect: 'write',
    summary: 'What an erasure would delete, pseudonymize and keep, store by store, at this moment',
    answers: { 200: erasurePreview },
    problems: ['not-found', 'conflict', 'rejected'],
  })
  async preview(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): Promise<ErasurePreview> {
    return accepted(await this.eraseByRequest.preview(caller, id), problems);
  }

  @Post(':id/approval')
  @HttpCode(200)
  @Operation(
    step(
      'data-request.approve',
      'Erase the person, as previewed: access ends at once, and nobody can undo it',
      {
        problems: ['rejected', 'step-up-required'],
      },
    ),
  )
  async approve(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: approval }) body: z.output<typeof approval>,
  ): View {
    return accepted(await this.eraseByRequest.approve(caller, id, body), problems);
  }

  @Post(':id/archive')
  @HttpCode(200)
  @Operation(
    step(
      'data-request.archive',
      'Put everything that is kept of the person into an archive (Articles 15 and 20 GDPR), which answers the request when it is ready',
      {
        description:
          'The person is told by email, and downloads it with a session; to somebody who has none, hand it over.',
        problems: ['rejected', 'step-up-required'],
      },
    ),
  )
  async archive(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): View {
    return accepted(await this.archiveByRequest.make(caller, id), problems);
  }

  @Get(':id/archive')
  @Operation({
    permission: 'self',
    operation: 'data-request.read-archive',
    entity: { type: 'data-request', id: 'path.id' },
    effect: 'read',
    summary: 'Read how far the archive of a request is and, when it is ready, which parts it has',
    answers: { 200: returnView },
    problems: ['not-found'],
  })
  readArchive(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): Promise<ReturnView> {
    return this.archiveByRequest.read(caller, id);
  }

  @Get(':id/archive/parts/:part')
  @Download()
  @Operation({
    permission: 'self',
    operation: 'data-request.download-archive',
    entity: { type: 'data-request', id: 'path.id' },
    effect: 'read',
    summary: 'Download a part of the archive of a request, or a range of its bytes (`Range`, RFC 9110)',
    answers: { 200: 'application/zip', 206: 'application/zip' },
    problems: ['not-found', 'gone', 'range-not-satisfiable', 'step-up-required'],
    response: 'stream',
    headers: downloadHeaders,
  })
  async download(
    @Caller() caller: Caller,
    @Param({ schema: partPath }) { id, part }: z.output<typeof partPath>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('range') range?: string,
    @Headers('if-range') ifRange?: string,
  ): Promise<StreamableFile> {
    const opened = await this.archiveByRequest.open(caller, id, part, { range, ifRange });
    const name = `personal-data-${id}-part-${part}.zip`;
    const { sha256 } = opened;
    return sendBody(reply, opened, { sha256, name, type: 'application/zip', details: { part } });
  }

  @Delete(':id/archive')
  @HttpCode(204)
  @Operation({
    permission: 'requests:write',
    operation: 'data-request.delete-archive',
    entity: { type: 'data-request', id: 'path.id' },
    effect: 'write',
    summary: 'Delete the archive of a request, or stop putting it together; the data itself stays',
    answers: { 204: null },
    problems: ['not-found', 'conflict', 'rejected'],
  })
  async deleteArchive(@Caller() caller: Caller, @Param({ schema: path }) { id }: Path): Promise<void> {
    accepted(await this.archiveByRequest.delete(caller, id), problems);
  }

  @Post(':id/fulfilment')
  @HttpCode(200)
  @Operation(
    step('data-request.fulfil', 'State what was done by hand to fulfil a request', {
      problems: ['rejected'],
    }),
  )
  async fulfil(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: fulfilment }) body: z.output<typeof fulfilment>,
  ): View {
    return accepted(await this.decideRequest.fulfil(caller, id, body), problems);
  }

  @Post(':id/transfer')
  @HttpCode(200)
  @Operation(
    step('data-request.transfer', 'Hand a request over to whoever decides about the data', {
      description:
        'The operator hands it over to an organization, an organization to the operator. The time to answer goes on. Whoever asked is told by email.',
      problems: ['rejected'],
    }),
  )
  async transfer(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: transfer }) body: z.output<typeof transfer>,
  ): View {
    return accepted(await this.transferRequest.transfer(caller, id, body), problems);
  }

  @Post(':id/lifting')
  @HttpCode(200)
  @Operation(
    step(
      'data-request.announce-lifting',
      'Announce that a restriction will be lifted (Article 18(3) GDPR): the request’s closure lifts it',
    ),
  )
  async announceLifting(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: lifting }) body: z.output<typeof lifting>,
  ): View {
    return accepted(await this.decideRequest.announceLifting(caller, id, body), problems);
  }

  @Post(':id/recipients')
  @HttpCode(200)
  @Operation(
    step(
      'data-request.note-recipients',
      'Record which recipients of the data were told (Article 19 GDPR), and who has confirmed; again where a confirmation arrives later',
    ),
  )
  async noteRecipients(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: notifiedRecipients }) body: z.output<typeof notifiedRecipients>,
  ): View {
    return accepted(await this.decideRequest.noteRecipients(caller, id, body), problems);
  }

  @Post(':id/closure')
  @HttpCode(200)
  @Operation(
    step('data-request.close', 'Close a request: the address of whoever asked is destroyed', {
      description:
        'Whoever asked must have been told of the outcome. The request itself is kept for twelve months.',
    }),
  )
  async close(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: Path,
    @Body({ schema: closure }) body: z.output<typeof closure>,
  ): View {
    return accepted(await this.decideRequest.close(caller, id, body), problems);
  }
}
