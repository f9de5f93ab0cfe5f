import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Authenticated, authenticated, Operation, problem } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import { z } from 'zod';
import { ResolveCaller } from './resolve-caller.js';

const question = z.union(
  [
    z.strictObject({ session: z.string().min(1).max(200) }),
    z.strictObject({ apiKey: z.string().min(1).max(200) }),
  ],
  'must have exactly one field: `session` or `apiKey` (strings)',
);

@Controller('internal/sessions')
export class ResolveController {
  constructor(private readonly resolveCaller: ResolveCaller) {}

  @Post('resolve')
  @HttpCode(200)
  @Operation({
    permission: 'service',
    operation: 'session.resolve',
    entity: { type: 'session', id: 'response.sessionId' },
    effect: 'read',
    summary: 'Who is behind a session or an API key, and what they may do',
    answers: { 200: authenticated },
    problems: ['not-found'],
  })
  async resolve(@Body({ schema: question }) body: z.infer<typeof question>): Promise<Authenticated> {
    const found = await this.resolveCaller.resolve(
      'session' in body ? { session: secret(body.session) } : { apiKey: secret(body.apiKey) },
    );
    // Not 401: that says of the caller, a service, that its own token does not hold.
    if (!found) throw problem('not-found');
    return found;
  }
}
