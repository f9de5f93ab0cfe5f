/** @promise P28 hands files out as downloads that no browser runs, shows or guesses the type of */
import {
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
  FileBody,
  Operation,
  pageQuery,
  type PageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { attachmentView } from './attachments.js';
import { DeleteAttachment, type DeletingRejection } from './delete-attachment.js';
import { declaredDigest } from './digest.js';
import { fileName } from './file-name.js';
import { attachmentPage, ListAttachments } from './list-attachments.js';
import { declaredType } from './media-type.js';
import { ReadAttachment } from './read-attachment.js';
import { Download, downloadHeaders, sendBody } from './send-body.js';
import { StoreAttachment, type StoringRejection } from './store-attachment.js';

const newAttachment = z.strictObject({ name: fileName });
const attachmentPath = z.strictObject({ attachmentId: z.uuid() });

/** How each rejection is answered. */
const problems = {
  'quota-exceeded': [
    'rejected',
    'The files of your organization would be larger, together, than its quota allows. Delete some first',
  ],
  'other-digest': [
    'rejected',
    'The file does not have the SHA-256 digest that was sent with it. Nothing was stored; send it again',
    'header.Repr-Digest',
  ],
  held: ['conflict', 'A legal hold keeps this file. It can be deleted when the hold is released'],
  'not-stored': ['not-found', 'There is no such attachment'],
} as const satisfies Record<(StoringRejection | DeletingRejection)['rejected'], RejectionProblem>;

@Controller('v1/attachments')
export class AttachmentController {
  constructor(
    private readonly storeAttachment: StoreAttachment,
    private readonly listAttachments: ListAttachments,
    private readonly readAttachment: ReadAttachment,
    private readonly deleteAttachment: DeleteAttachment,
  ) {}

  @Post()
  @Operation({
    permission: 'attachments:write',
    operation: 'attachment.store',
    entity: { type: 'attachment', id: 'response.attachmentId' },
    effect: 'write',
    summary: 'Store a file: the body is its bytes, `Content-Type` its media type',
    description:
      'Send `Repr-Digest` or `Content-Digest` (RFC 9530, `sha-256`), and the file is stored only if it arrives with that digest. ' +
      'Without a `Content-Length`, room for the largest file is set aside of the quota while it arrives.',
    answers: { 201: attachmentView },
    problems: ['rejected', 'content-too-large', 'storage-full', 'forbidden'],
    idempotent: true,
    body: 'stream',
  })
  store(
    @Query({ schema: newAttachment }) { name }: z.output<typeof newAttachment>,
    @FileBody() body: FileBody,
    @Caller() caller: Caller,
    @Headers('repr-digest') reprDigest?: string,
    @Headers('content-digest') contentDigest?: string,
    @Headers('idempotency-key') key?: string,
  ) {
    // The body is sent without a content encoding, so the two are of the same bytes.
    const sha256 = declaredDigest({ 'Repr-Digest': reprDigest, 'Content-Digest': contentDigest });
    const attached = { name, mediaType: declaredType(body.mediaType), sha256 };
    return this.storeAttachment
      .receive(caller, attached, body, key)
      .then((stored) => accepted(stored, problems));
  }

  @Get()
  @Operation({
    permission: 'attachments:read',
    operation: 'attachment.list',
    entity: { type: 'attachment', id: null },
    effect: 'read',
    summary: 'List the attachments of the organization, the oldest first',
    answers: { 200: attachmentPage },
  })
  list(@Query({ schema: pageQuery }) query: PageQuery, @Caller() caller: Caller) {
    return this.listAttachments.list(caller, query);
  }

  @Get(':attachmentId')
  @Download()
  @Operation({
    permission: 'attachments:read',
    operation: 'attachment.download',
    entity: { type: 'attachment', id: 'path.attachmentId' },
    effect: 'read',
    summary: 'Download a file, or a part of it (`Range`, RFC 9110)',
    answers: { 200: 'application/octet-stream', 206: 'application/octet-stream' },
    problems: ['not-found', 'gone', 'range-not-satisfiable'],
    response: 'stream',
    headers: downloadHeaders,
  })
  async download(
    @Param({ schema: attachmentPath }) { attachmentId }: z.output<typeof attachmentPath>,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Headers('range') range?: string,
    @Headers('if-range') ifRange?: string,
  ): Promise<StreamableFile> {
    const opened = await this.readAttachment.open(caller, attachmentId, { range, ifRange });
    const { attachment } = opened;
    return sendBody(reply, opened, {
      sha256: attachment.sha256,
      name: attachment.name ?? attachmentId,
      // Whatever the declared type is: it may lie, and what a browser does with one is not ours to know.
      type: 'application/octet-stream',
      details: { attachmentId },
    });
  }

  @Delete(':attachmentId')
  @HttpCode(204)
  @Operation({
    permission: 'attachments:write',
    operation: 'attachment.delete',
    entity: { type: 'attachment', id: 'path.attachmentId' },
    effect: 'write',
    summary: 'Delete a file',
    answers: { 204: null },
    problems: ['not-found', 'conflict'],
  })
  async delete(
    @Param({ schema: attachmentPath }) { attachmentId }: z.output<typeof attachmentPath>,
    @Caller() caller: Caller,
  ): Promise<void> {
    accepted(await this.deleteAttachment.delete(caller, attachmentId), problems);
  }
}
