import { Injectable } from '@nestjs/common';
import { Database, exactTime, instant, type Sql } from '@vouchsafe/database';
import { type Caller, Clock, cursorOf, page } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { openCells } from '../persistence/sealed-column.js';
import { principalOf } from '../request.js';
import { sessionLevel } from './session.events.js';
import { sessionCell } from './sessions.js';

const session = {
  sessionId: z.uuid().describe('Id of the session'),
  level: sessionLevel.describe('Whether a second factor was used'),
  startedAt: z.iso.datetime().describe('When the log-in was'),
  lastSeenAt: z.iso.datetime().describe('When it was last used'),
  expiresAt: z.iso.datetime().describe('When it ends at the latest'),
  sourceIp: z.string().nullable().describe('IP address of the log-in; null where it is erased'),
  userAgent: z.string().nullable().describe('User-Agent header of the log-in; null where it is erased'),
};
export const sessionList = z.strictObject({
  items: z.array(
    z
      .strictObject({
        ...session,
        current: z.boolean().describe('Whether it is the session of this request'),
      })
      .meta({ id: 'Session' }),
  ),
});

/** As the person's archive has it. */
export const sessionOfPerson = z.strictObject({
  ...session,
  endedAt: z.iso.datetime().nullable().describe('When it was ended; null where nothing ended it'),
});
const cursor = cursorOf({ startedAt: 'time', sessionId: 'id' });

interface Row {
  readonly session_id: string;
  readonly level: z.infer<typeof sessionLevel>;
  readonly started_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
  readonly source_ip_sealed: string | null;
  readonly user_agent_sealed: string | null;
}

@Injectable()
export class ListSessions {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly clock: Clock,
  ) {}

  /** The caller's own live sessions, newest first. */
  list(caller: Caller): Promise<z.infer<typeof sessionList>> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    return this.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<Row>(
        `select * from session
         where user_id = $1 and ended_at is null and expires_at > $2 and idle_expires_at > $2 order by started_at desc`,
        [userId, this.clock.now()],
      );
      const shown = await this.shown(sql, organizationId, userId, rows);
      return {
        items: shown.map(({ endedAt: _, ...item }) => ({ ...item, current: item.sessionId === sessionId })),
      };
    });
  }

  /** All that are kept of a person, those that have ended, too; oldest first. */
  listOf(
    organizationId: string,
    userId: string,
    query: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<{ readonly items: z.infer<typeof sessionOfPerson>[]; readonly next: string | null }> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationId, async (sql) => {
      const rows = await sql.query<Row>(
        `select * from session
         where user_id = $1 and ($2::timestamptz is null or (started_at, session_id) > ($2, $3::uuid))
         order by started_at, session_id limit $4`,
        [userId, after?.startedAt ?? null, after?.sessionId ?? null, query.limit + 1],
      );
      const { items, next } = page(
        rows,
        query.limit,
        (last) => ({ startedAt: exactTime(last.started_at), sessionId: last.session_id }),
        cursor.write,
      );
      return { items: await this.shown(sql, organizationId, userId, items), next };
    });
  }

  private async shown(
    sql: Sql,
    organizationId: string,
    userId: string,
    rows: readonly Row[],
  ): Promise<z.infer<typeof sessionOfPerson>[]> {
    const opened = await openCells(
      this.vault,
      sql,
      rows.flatMap((row) => {
        const cell = sessionCell(organizationId, userId, row.session_id);
        return [
          { ...cell('source_ip_sealed'), stored: row.source_ip_sealed },
          { ...cell('user_agent_sealed'), stored: row.user_agent_sealed },
        ];
      }),
    );
    return rows.map((row, index) => ({
      sessionId: row.session_id,
      level: row.level,
      startedAt: instant(row.started_at).toISOString(),
      lastSeenAt: instant(row.last_seen_at).toISOString(),
      expiresAt: instant(row.expires_at).toISOString(),
      endedAt: row.ended_at === null ? null : instant(row.ended_at).toISOString(),
      sourceIp: opened[2 * index] ?? null,
      userAgent: opened[2 * index + 1] ?? null,
    }));
  }
}
