import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import type { Caller } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { openCells } from '../persistence/sealed-column.js';
import { principalOf } from '../request.js';
import { type DocumentKind, documentKind } from '../user/user.events.js';
import { consentCell } from '../user/user.projection.js';

export const consents = z.strictObject({
  items: z.array(
    z
      .strictObject({
        document: documentKind,
        version: z.string().describe('Version of the document, such as `2026-01`'),
        sha256: z.string().describe('SHA-256 of the text that was accepted, hexadecimal'),
        acceptedAt: z.iso.datetime(),
        sourceIp: z
          .string()
          .nullable()
          .describe('IP address from which it was accepted; null where it is erased'),
        userAgent: z
          .string()
          .nullable()
          .describe('User-Agent header of that request; null where it is erased'),
      })
      .meta({ id: 'Consent' }),
  ),
});

@Injectable()
export class ListConsents {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** What the caller accepted, in the order of acceptance. */
  list(caller: Caller): Promise<z.infer<typeof consents>> {
    const { organizationId, userId } = principalOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<{
        document: DocumentKind;
        version: string;
        sha256: string;
        accepted_at: string;
        source_ip_sealed: string | null;
        user_agent_sealed: string | null;
      }>('select * from consent where user_id = $1 order by accepted_at, document', [userId]);
      const opened = await openCells(
        this.vault,
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
}
