import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import { type Caller, Clock } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { openCells } from '../persistence/sealed-column.js';
import { principalOf } from '../request.js';
import { sessionLevel } from './session.events.js';
import { sessionCell } from './sessions.js';

export const sessionList = z.strictObject({
  items: z.array(
    z
      .strictObject({
        sessionId: z.uuid(),
        level: sessionLevel.describe('Whether a second factor was used'),
        startedAt: z.iso.datetime(),
        lastSeenAt: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
        sourceIp: z.string().nullable().describe('IP address of the log-in; null where it is erased'),
        userAgent: z.string().nullable().describe('User-Agent header of the log-in; null where it is erased'),
        current: z.boolean().describe('Whether it is the session of this request'),
      })
      .meta({ id: 'Session' }),
  ),
});

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
      const rows = await sql.query<{
        session_id: string;
        level: z.infer<typeof sessionLevel>;
        started_at: string;
        last_seen_at: string;
        expires_at: string;
        source_ip_sealed: string | null;
        user_agent_sealed: string | null;
      }>(
        `select * from session
         where user_id = $1 and ended_at is null and expires_at > $2 and idle_expires_at > $2 order by started_at desc`,
        [userId, this.clock.now()],
      );
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
      return {
        items: rows.map((row, index) => ({
          sessionId: row.session_id,
          level: row.level,
          startedAt: instant(row.started_at).toISOString(),
          lastSeenAt: instant(row.last_seen_at).toISOString(),
          expiresAt: instant(row.expires_at).toISOString(),
          sourceIp: opened[2 * index] ?? null,
          userAgent: opened[2 * index + 1] ?? null,
          current: row.session_id === sessionId,
        })),
      };
    });
  }
}
