/** The operations of a new slice: one file per use case, and the controller. */
import type { Names } from './names.ts';

export function create({ noun, camel, pascal, words }: Names): string {
  return `import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, createOnce, envelopeOf, Ids, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { ${camel}Aggregate } from './${noun}.aggregate.js';
import type { ${pascal}Rejection } from './${noun}.decider.js';

export const created${pascal} = z.strictObject({ ${camel}Id: z.uuid() }).meta({ id: 'Created${pascal}' });

@Injectable()
export class Create${pascal} {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @param key the request's Idempotency-Key: one ${words} for it, however often it is sent */
  create(
    caller: Caller,
    key: string | undefined,
  ): Promise<z.infer<typeof created${pascal}> | ${pascal}Rejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    const once = { organizationId, caller, operation: '${noun}.create', key, request: {}, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const ${camel}Id = this.ids.newId();
        const created = await unit.execute(${camel}Aggregate, ${camel}Id, { type: 'create', organizationId, ${camel}Id });
        return isRejected(created) ? created : { body: { ${camel}Id } };
      }),
    );
  }
}
`;
}

export function retire({ noun, camel, pascal }: Names): string {
  return `import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { ${camel}Aggregate } from './${noun}.aggregate.js';
import type { ${pascal}Rejection } from './${noun}.decider.js';

@Injectable()
export class Retire${pascal} {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  async retire(caller: Caller, ${camel}Id: string): Promise<${pascal}Rejection | null> {
    return this.store.transact(organizationOf(caller), envelopeOf(caller, this.clock.now()), async (unit) => {
      const retired = await unit.execute(${camel}Aggregate, ${camel}Id, { type: 'retire' });
      return isRejected(retired) ? retired : null;
    });
  }
}
`;
}

export function list({ camel, pascal, snake }: Names): string {
  return `import { Injectable } from '@nestjs/common';
import { Database, exactTime, instant } from '@vouchsafe/database';
import { type Caller, cursorOf, organizationOf, page, pageOf, type PageQuery } from '@vouchsafe/service-host';
import { z } from 'zod';

export const ${camel}Page = pageOf(
  z
    .strictObject({
      ${camel}Id: z.uuid(),
      createdAt: z.iso.datetime(),
      retiredAt: z.iso.datetime().nullable(),
    })
    .meta({ id: '${pascal}' }),
);
const cursor = cursorOf({ createdAt: 'time', ${camel}Id: 'id' });

interface Row {
  readonly ${snake}_id: string;
  readonly created_at: string;
  readonly retired_at: string | null;
}

@Injectable()
export class List${pascal}s {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof ${camel}Page>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (sql) => {
      const rows = await sql.query<Row>(
        \`select ${snake}_id, created_at, retired_at from ${snake}
         where $1::timestamptz is null or (created_at, ${snake}_id) > ($1, $2::uuid)
         order by created_at, ${snake}_id limit $3\`,
        [after?.createdAt ?? null, after?.${camel}Id ?? null, query.limit + 1],
      );
      const { items, next } = page(
        rows,
        query.limit,
        ({ created_at, ${snake}_id }) => ({ createdAt: exactTime(created_at), ${camel}Id: ${snake}_id }),
        cursor.write,
      );
      return { items: items.map(shown), next };
    });
  }
}

function shown({ ${snake}_id, created_at, retired_at }: Row) {
  return {
    ${camel}Id: ${snake}_id,
    createdAt: instant(created_at).toISOString(),
    retiredAt: retired_at === null ? null : instant(retired_at).toISOString(),
  };
}
`;
}

export function controller({ noun, camel, pascal, words }: Names, isListed: boolean): string {
  return `import { Controller, Delete, ${isListed ? 'Get, ' : ''}Headers, HttpCode, Param, Post${isListed ? ', Query' : ''} } from '@nestjs/common';
import { accepted, Caller, Operation, ${isListed ? 'pageQuery, type PageQuery, ' : ''}type RejectionProblem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { Create${pascal}, created${pascal} } from './create-${noun}.js';
${isListed ? `import { List${pascal}s, ${camel}Page } from './list-${noun}s.js';\n` : ''}import type { ${pascal}Rejection } from './${noun}.decider.js';
import { Retire${pascal} } from './retire-${noun}.js';

const path = z.strictObject({ id: z.uuid() });

/** How each rejection is answered. */
const problems = {
  'already-created': ['conflict', 'The ${words} already exists'],
  'not-live': ['not-found', 'There is no such ${words}'],
} as const satisfies Record<${pascal}Rejection['rejected'], RejectionProblem>;

@Controller('v1/${noun}s')
export class ${pascal}Controller {
  constructor(
    private readonly create${pascal}: Create${pascal},
    private readonly retire${pascal}: Retire${pascal},
    ${isListed ? `private readonly list${pascal}s: List${pascal}s,` : ''}
  ) {}
${
  isListed
    ? `
  @Get()
  @Operation({
    permission: 'organization:read',
    operation: '${noun}.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Every ${words}, oldest first',
    answers: { 200: ${camel}Page },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof ${camel}Page>> {
    return this.list${pascal}s.list(caller, query);
  }
`
    : ''
}
  @Post()
  @Operation({
    permission: 'organization:write',
    operation: '${noun}.create',
    entity: { type: '${noun}', id: 'response.${camel}Id' },
    effect: 'write',
    summary: 'Create a ${words}',
    answers: { 201: created${pascal} },
    problems: ['conflict'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof created${pascal}>> {
    return accepted(await this.create${pascal}.create(caller, key), problems);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'organization:write',
    operation: '${noun}.retire',
    entity: { type: '${noun}', id: 'path.id' },
    effect: 'write',
    summary: 'Retire a ${words}',
    answers: { 204: null },
    problems: ['not-found'],
  })
  async retire(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    accepted(await this.retire${pascal}.retire(caller, id), problems);
  }
}
`;
}
