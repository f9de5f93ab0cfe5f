/** @promise P15 shows a person what they accepted, and takes consent to a new version */
import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { instant } from '@vouchsafe/database';
import { Caller, Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { openCells } from '../persistence/sealed-column.js';
import { accepted, envelopeOf, principalOf } from '../request.js';
import { type DocumentKind, documentKind } from '../user/user.events.js';
import { userProblems } from '../user/user.problems.js';
import { consentCell } from '../user/user.projection.js';
import { acceptance, consentOf, outstandingDocuments } from './consents.js';

const documents = z.strictObject({
  items: z.array(
    z
      .strictObject({
        document: documentKind,
        version: z.string(),
        title: z.string(),
        effectiveFrom: z.iso.datetime(),
        sha256: z.string().describe('Of the text’s bytes as `path` serves them, hexadecimal'),
        path: z.string(),
      })
      .meta({ id: 'LegalDocument' }),
  ),
});
const documentPath = z.strictObject({ document: documentKind, version: z.string().min(1).max(50) });

const consents = z.strictObject({
  items: z.array(
    z
      .strictObject({
        document: documentKind,
        version: z.string(),
        sha256: z.string(),
        acceptedAt: z.iso.datetime(),
        sourceIp: z.string().nullable(),
        userAgent: z.string().nullable(),
      })
      .meta({ id: 'Consent' }),
  ),
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
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get('legal-documents')
  @Operation({
    permission: 'public',
    operation: 'legal-document.list',
    entity: { type: 'legal-document', id: null },
    effect: 'read',
    summary: 'The Terms of Service and the Privacy Policy in effect (P15)',
    answers: { 200: documents },
  })
  listDocuments(): z.infer<typeof documents> {
    return {
      items: this.identity.documents
        .current(this.identity.now())
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
    summary: 'The text of one version, also of an earlier one',
    answers: { 200: 'text/markdown' },
    problems: ['not-found'],
  })
  readDocument(@Param({ schema: documentPath }) { document, version }: z.infer<typeof documentPath>): string {
    const found = this.identity.documents.find(document, version);
    if (!found) throw problem('not-found');
    return found.text;
  }

  @Get('me/consents')
  @Operation({
    permission: 'session',
    operation: 'consent.list',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: 'What the caller accepted, when and from where (P15)',
    answers: { 200: consents },
  })
  listConsents(@Caller() caller: Caller): Promise<z.infer<typeof consents>> {
    const { organizationId, userId } = principalOf(caller);
    return this.identity.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<{
        document: DocumentKind;
        version: string;
        sha256: string;
        accepted_at: string;
        source_ip_sealed: string | null;
        user_agent_sealed: string | null;
      }>('select * from consent where user_id = $1 order by accepted_at, document', [userId]);
      const opened = await openCells(
        this.identity.vault,
        sql,
        rows.flatMap((row) => {
          const cell = consentCell(organizationId, userId, row.document, row.version);
          return [
            { ...cell('source_ip_sealed'), stored: row.source_ip_sealed },
            { ...cell('user_agent_sealed'), stored: row.user_agent_sealed },
          ];
        }),
      );
      return {
        items: rows.map((row, index) => ({
          document: row.document,
          version: row.version,
          sha256: row.sha256,
          acceptedAt: instant(row.accepted_at).toISOString(),
          sourceIp: opened[2 * index] ?? null,
          userAgent: opened[2 * index + 1] ?? null,
        })),
      };
    });
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
    const { organizationId, userId } = principalOf(caller);
    const consent = consentOf(this.identity, caller, accept);
    await this.identity.store.transact(organizationId, envelopeOf(this.identity, caller), async (unit) => {
      accepted(
        await unit.execute(this.identity.aggregates.user, userId, { type: 'accept-documents', consent }),
        userProblems,
      );
      if ((await outstandingDocuments(this.identity, unit, userId)).length > 0) return;
      await unit.query('update session set awaits_documents = false where user_id = $1', [userId]);
    });
  }
}
