import { Injectable } from '@nestjs/common';
import { prepared, type Sql } from '@vouchsafe/database';
import { type Caller, Clock, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { Acceptance, Consent } from '../user/user.decider.js';
import { documentKind } from '../user/user.events.js';
import { type LegalDocument, LegalDocuments } from './legal-documents.js';

const acceptedDocument = z
  .strictObject({
    document: documentKind,
    version: z.string().min(1).max(50).describe('Version of the document, such as `2026-01`'),
  })
  .meta({ id: 'AcceptedDocument' });

/** The part of a request by which somebody accepts documents. */
export const acceptance = z
  .array(acceptedDocument)
  .max(10)
  .describe('The legal documents that the person accepts; `GET /v1/legal-documents` lists the current ones');

/** What people accept, must accept and have not accepted. */
@Injectable()
export class Consents {
  constructor(
    private readonly documents: LegalDocuments,
    private readonly clock: Clock,
  ) {}

  /** What was accepted, with the hash of the text that is shown under that version; once, however often it is named. */
  of({ sourceIp, userAgent }: Caller, accept: z.infer<typeof acceptance>): Consent {
    const once = new Map(accept.map((one) => [`${one.document} ${one.version}`, one]));
    const accepted = [...once.values()].map(({ document, version }) => {
      const found = this.documents.find(document, version);
      if (!found) throw problem('rejected', { detail: `There is no version ${version} of ${document}` });
      return acceptanceOf(found);
    });
    return { accepted, acceptedAt: this.clock.now(), sourceIp, userAgent };
  }

  /** The documents that must be accepted today. */
  required(): Acceptance[] {
    return this.documents.current(this.clock.now()).map(acceptanceOf);
  }

  /** Documents in effect that a person has not accepted: asked for at log-in. */
  async outstanding(sql: Sql, userId: string): Promise<LegalDocument[]> {
    const rows = await sql.query<Acceptance>(
      prepared('select document, version, sha256 from consent where user_id = $1'),
      [userId],
    );
    const given = new Set(rows.map((row) => `${row.document} ${row.version} ${row.sha256}`));
    return this.documents
      .current(this.clock.now())
      .filter(({ document, version, sha256 }) => !given.has(`${document} ${version} ${sha256}`));
  }
}

function acceptanceOf({ document, version, sha256 }: LegalDocument): Acceptance {
  return { document, version, sha256 };
}
