/** @promise P15 shows a person what they accepted, and takes consent to a new version */
import { Body, Controller, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { accepted, Caller, Clock, Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { documentKind } from '../user/user.events.js';
import { userProblems } from '../user/user.problems.js';
import { AcceptDocuments } from './accept-documents.js';
import { acceptance } from './consents.js';
import { LegalDocuments } from './legal-documents.js';
import { consents, ListConsents } from './list-consents.js';

const documents = z.strictObject({
  items: z.array(
    z
      .strictObject({
        document: documentKind,
        version: z.string().describe('Version of the document, such as `2026-01`'),
        title: z.string(),
        effectiveFrom: z.iso.datetime().describe('From when on it must be accepted'),
        sha256: z.string().describe('SHA-256 of the text as `path` serves it, hexadecimal'),
        path: z.string().describe('Path of the text in this API'),
      })
      .meta({ id: 'LegalDocument' }),
  ),
});
const documentPath = z.strictObject({
  document: documentKind,
  version: z.string().min(1).max(50).describe('Version of the document, such as `2026-01`'),
});

const newConsent = z.strictObject({ accept: acceptance.min(1) }).meta({
  examples: [
    {
      accept: [
        { document: 'terms-of-service', version: '2026-01' },
        { document: 'privacy-policy', version: '2026-01' },
      ],
    },
  ],
});

@Controller('v1')
export class ConsentController {
  constructor(
    private readonly documents: LegalDocuments,
    private readonly clock: Clock,
    private readonly listOwnConsents: ListConsents,
    private readonly acceptDocuments: AcceptDocuments,
  ) {}

  @Get('legal-documents')
  @Operation({
    permission: 'public',
    operation: 'legal-document.list',
    entity: { type: 'legal-document', id: null },
    effect: 'read',
    summary: 'The current Terms of Service and Privacy Policy',
    answers: { 200: documents },
  })
  listDocuments(): z.infer<typeof documents> {
    return {
      items: this.documents
        .current(this.clock.now())
        .map(({ document, version, title, effectiveFrom, sha256 }) => ({
          document,
          version,
          title,
          effectiveFrom: effectiveFrom.toISOString(),
          sha256,
          path: `/v1/legal-documents/${document}/${version}`,
        })),
    };
  }

  @Get('legal-documents/:document/:version')
  @Header('content-type', 'text/markdown; charset=utf-8')
  @Operation({
    permission: 'public',
    operation: 'legal-document.read',
    entity: { type: 'legal-document', id: 'path.version' },
    effect: 'read',
    summary: 'The text of any version, current or earlier',
    answers: { 200: 'text/markdown' },
    problems: ['not-found'],
  })
  readDocument(@Param({ schema: documentPath }) { document, version }: z.infer<typeof documentPath>): string {
    const found = this.documents.find(document, version);
    if (!found) throw problem('not-found');
    return found.text;
  }

  @Get('me/consents')
  @Operation({
    permission: 'session',
    operation: 'consent.list',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: 'What the caller accepted, when and from where',
    answers: { 200: consents },
  })
  listConsents(@Caller() caller: Caller): Promise<z.infer<typeof consents>> {
    return this.listOwnConsents.list(caller);
  }

  @Post('me/consents')
  @HttpCode(204)
  @Operation({
    permission: 'session',
    operation: 'consent.record',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'Accept new versions of the documents',
    answers: { 204: null },
    problems: ['rejected'],
  })
  async record(
    @Caller() caller: Caller,
    @Body({ schema: newConsent }) { accept }: z.infer<typeof newConsent>,
  ): Promise<void> {
    accepted(await this.acceptDocuments.accept(caller, accept), userProblems);
  }
}
