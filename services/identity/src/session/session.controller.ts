import { Controller, Delete, Get, HttpCode, Param, Res } from '@nestjs/common';
import { Caller, Operation, SESSION_ENDED_HEADER } from '@vouchsafe/service-host';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { EndOtherSessions } from './end-other-sessions.js';
import { EndSession } from './end-session.js';
import { ListSessions, sessionList } from './list-sessions.js';

const sessionPath = z.strictObject({ id: z.uuid() });

@Controller('v1/sessions')
export class SessionController {
  constructor(
    private readonly listSessions: ListSessions,
    private readonly endSession: EndSession,
    private readonly endOtherSessions: EndOtherSessions,
  ) {}

  @Get()
  @Operation({
    permission: 'self',
    operation: 'session.list',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'read',
    summary: 'The caller’s active sessions, newest first',
    answers: { 200: sessionList },
  })
  list(@Caller() caller: Caller): Promise<z.infer<typeof sessionList>> {
    return this.listSessions.list(caller);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'session',
    operation: 'session.end',
    entity: { type: 'session', id: 'path.id' },
    effect: 'write',
    summary: 'Log out, or end another of the caller’s sessions',
    answers: { 204: null },
    headers: ['Set-Cookie'],
    problems: ['not-found'],
  })
  async end(
    @Caller() caller: Caller,
    @Param({ schema: sessionPath }) { id }: z.infer<typeof sessionPath>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const own = await this.endSession.end(caller, id);
    if (own) void reply.header(SESSION_ENDED_HEADER, '1');
  }

  @Delete()
  @HttpCode(204)
  @Operation({
    permission: 'self',
    operation: 'session.end-others',
    entity: { type: 'user', id: 'caller.actorId' },
    effect: 'write',
    summary: 'End all of the caller’s sessions except the current one',
    answers: { 204: null },
  })
  async endOthers(@Caller() caller: Caller): Promise<void> {
    await this.endOtherSessions.end(caller);
  }
}
