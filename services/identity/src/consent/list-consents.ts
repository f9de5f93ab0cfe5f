import { Injectable } from '@nestjs/common';
import { Database, instant, type Sql } from '@vouchsafe/database';
import { type Caller, cursorOf, page, type PageQuery } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { openCells } from '../persistence/sealed-column.js';
import { principalOf } from '../request.js';
import { type DocumentKind, documentKind } from '../user/user.events.js';
import { consentCell } from '../user/user.projection.js';

const consent = z
  .strictObject({
    document: documentKind.describe('Which legal document was accepted'),
    version: z.string().describe('Version of the document, such as `2026-01`'),
    sha256: z.string().describe('SHA-256 of the text that was accepted, hexadecimal'),
    acceptedAt: z.iso.datetime().describe('When it was accepted'),
    sourceIp: z
      .string()
      .nullable()
      .describe('IP address from which it was accepted; null where it is erased'),
    userAgent: z.string().nullable().describe('User-Agent header of that request; null where it is erased'),
  })
  .meta({ id: 'Consent' });
export const consents = z.strictObject({ items: z.array(consent) });

/** Of all people of an organization. */
export const consentOfUser = z.strictObject({
  userId: z.uuid().describe('Id of the user who accepted it'),
  ...consent.shape,
});
const cursor = cursorOf({ userId: 'id' });

interface Row {
  readonly user_id: string;
  readonly document: DocumentKind;
  readonly version: string;
  readonly sha256: string;
  readonly accepted_at: string;
  readonly source_ip_sealed: string | null;
  readonly user_agent_sealed: string | null;
}

@Injectable()
export class ListConsents {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** What the caller accepted, in the order of acceptance. */
  async list(caller: Caller): Promise<z.infer<typeof consents>> {
    const { organizationId, userId } = principalOf(caller);
    const items = await this.listOf(organizationId, userId);
    return { items: items.map(({ userId: _, ...item }) => item) };
  }

  /** What everybody of an organization accepted, those who have left it, too; a page is of as many people. */
  listAll(
    organizationId: string,
    query: Pick<PageQuery, 'limit'> & { readonly cursor: string | undefined },
  ): Promise<{ readonly items: z.infer<typeof consentOfUser>[]; readonly next: string | null }> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationId, async (sql) => {
      const people = await sql.query<{ user_id: string }>(
        `select distinct user_id from consent where $1::uuid is null or user_id > $1 order by user_id limit $2`,
        [after?.userId ?? null, query.limit + 1],
      );
      const { items, next } = page(people, query.limit, ({ user_id: userId }) => ({ userId }), cursor.write);
      const rows = await sql.query<Row>(
        'select * from consent where user_id = any ($1::uuid[]) order by user_id, accepted_at, document',
        [items.map(({ user_id }) => user_id)],
      );
      return { items: await this.shown(sql, organizationId, rows), next };
    });
  }

  /** What one person accepted. */
  listOf(organizationId: string, userId: string): Promise<z.infer<typeof consentOfUser>[]> {
    return this.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<Row>(
        'select * from consent where user_id = $1 order by accepted_at, document',
        [userId],
      );
      return this.shown(sql, organizationId, rows);
    });
  }

  private async shown(
    sql: Sql,
    organizationId: string,
    rows: readonly Row[],
  ): Promise<z.infer<typeof consentOfUser>[]> {
    const opened = await openCells(
      this.vault,
      sql,
      rows.flatMap((row) => {
        const cell = consentCell(organizationId, row.user_id, row.document, row.version);
        return [
          { ...cell('source_ip_sealed'), stored: row.source_ip_sealed },
          { ...cell('user_agent_sealed'), stored: row.user_agent_sealed },
        ];
      }),
    );
    return rows.map((row, index) => ({
      userId: row.user_id,
      document: row.document,
      version: row.version,
      sha256: row.sha256,
      acceptedAt: instant(row.accepted_at).toISOString(),
      sourceIp: opened[2 * index] ?? null,
      userAgent: opened[2 * index + 1] ?? null,
    }));
  }
}
