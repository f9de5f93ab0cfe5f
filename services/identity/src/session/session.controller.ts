import { Controller, Delete, Get, HttpCode, Inject, Param, Res } from '@nestjs/common';
import { instant } from '@vouchsafe/database';
import { Caller, Operation, problem, SESSION_ENDED_HEADER } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { openCells } from '../persistence/sealed-column.js';
import { envelopeOf, principalOf } from '../request.js';
import { sessionLevel } from './session.events.js';
import { endSession, endSessions, sessionCell } from './sessions.js';

const sessionList = z.strictObject({
  items: z.array(
    z
      .strictObject({
        sessionId: z.uuid(),
        level: sessionLevel,
        startedAt: z.iso.datetime(),
        lastSeenAt: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
        sourceIp: z.string().nullable(),
        userAgent: z.string().nullable(),
        current: z.boolean().describe('The session that asks'),
      })
      .meta({ id: 'Session' }),
  ),
});

const sessionPath = z.strictObject({ id: z.uuid() });

@Controller('v1/sessions')
export class SessionController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get()
  @Operation({
    permission: 'self',
    operation: 'session.list',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: "The caller's live sessions, newest first (ASVS 7.5.2)",
    answers: { 200: sessionList },
  })
  list(@Caller() caller: Caller): Promise<z.infer<typeof sessionList>> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    const { database, vault } = this.identity;
    return database.forOrganization(organizationId, async (sql) => {
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
        [userId, this.identity.now()],
      );
      const opened = await openCells(
        vault,
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

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'session',
    operation: 'session.end',
    entity: { type: 'session', id: 'path.id' },
    effect: 'write',
    summary: "Log out, or end another one of the caller's sessions",
    answers: { 204: null },
    headers: ['Set-Cookie'],
    problems: ['not-found'],
  })
  async end(
    @Caller() caller: Caller,
    @Param({ schema: sessionPath }) { id }: z.infer<typeof sessionPath>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    const own = id === sessionId;
    await this.identity.store.transact(organizationId, envelopeOf(this.identity, caller), async (unit) => {
      const rows = await unit.query('select 1 from session where session_id = $1 and user_id = $2', [
        id,
        userId,
      ]);
      const reason = own ? 'logged-out' : 'ended-by-user';
      const ended = rows.length === 1 && (await endSession(this.identity, unit, id, reason));
      if (!ended) throw problem('not-found');
    });
    if (own) void reply.header(SESSION_ENDED_HEADER, '1');
  }

  @Delete()
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'session.end-others',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: "End all of the caller's sessions but the one that asks",
    answers: { 204: null },
  })
  async endOthers(@Caller() caller: Caller): Promise<void> {
    const { organizationId, userId, sessionId } = principalOf(caller);
    await this.identity.store.transact(organizationId, envelopeOf(this.identity, caller), (unit) =>
      endSessions(this.identity, unit, userId, 'ended-by-user', sessionId),
    );
  }
}
