import { type Names, namesOf, type NewFile } from './names.ts';

/**
 * A small slice that works: created and retired, over HTTP, with its own spec. What it means is for its author to write. That of a
 * new service is listed, too, and what happens to it is published.
 */
export function sliceFiles(noun: string, service?: string): NewFile[] {
  const names = namesOf(noun);
  const file = (name: string, text: string) => ({ path: `${noun}/${name}.ts`, text });
  const isListed = service !== undefined;
  return [
    file(`${noun}.events`, events(names, isListed ? 'published' : 'private')),
    file(`${noun}.decider`, deciderOf(names)),
    file(`${noun}.aggregate`, aggregateOf(names, isListed)),
    file(`create-${noun}`, create(names)),
    file(`retire-${noun}`, retire(names)),
    ...(isListed
      ? [
          file(`list-${noun}s`, list(names)),
          file(`${noun}.projection`, projection(names)),
          file(`${noun}.published`, published(names, service)),
        ]
      : []),
    file(`${noun}.controller`, controller(names, isListed)),
    file(`${noun}.spec`, spec(names)),
  ];
}

/** What its author does next; all of it is checked by tests. */
export function nextSteps(service: string, noun: string): string {
  const { camel, pascal } = namesOf(noun);
  return `Next:
  1. List ${pascal}Controller, and Create${pascal} and Retire${pascal} as providers, in the composition module, services/${service}/src/${service}.module.ts.
  2. List ${camel}Events in services/${service}/src/${service}.publishing.ts: published or private, the relay must know (rule 5).
  3. Say in tests/operations/${service}.ts how its operations are tried.
  4. npm run golden: the OpenAPI document has new operations, from which the gateway opens its routes.`;
}

function events({ noun, camel, pascal }: Names, visibility: 'published' | 'private'): string {
  return `import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, ${camel}Id: z.uuid() };

/** Stream \`${noun}-<id>\`. */
export const ${camel}Events = eventCatalog({
  '${noun}-created': { version: 1, visibility: '${visibility}', schema: z.strictObject(which) },
  '${noun}-retired': { version: 1, visibility: '${visibility}', schema: z.strictObject(which) },
});
export type ${pascal}Event = EventOf<typeof ${camel}Events>;
`;
}

function deciderOf({ noun, camel, pascal }: Names): string {
  return `import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { ${pascal}Event } from './${noun}.events.js';

type ${pascal} =
  | { readonly status: 'absent' | 'retired' }
  | { readonly status: 'live'; readonly organizationId: OrganizationId; readonly ${camel}Id: string };

type ${pascal}Command =
  | { readonly type: 'create'; readonly organizationId: OrganizationId; readonly ${camel}Id: string }
  | { readonly type: 'retire' };

export type ${pascal}Rejection = { readonly rejected: 'already-created' | 'not-live' };

export const ${camel} = decider<${pascal}, ${pascal}Command, ${pascal}Event, ${pascal}Rejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    switch (command.type) {
      case 'create': {
        if (state.status !== 'absent') return { rejected: 'already-created' };
        const { organizationId, ${camel}Id } = command;
        return [{ type: '${noun}-created', data: { organizationId, ${camel}Id } }];
      }
      case 'retire': {
        if (state.status !== 'live') return { rejected: 'not-live' };
        const { organizationId, ${camel}Id } = state;
        return [{ type: '${noun}-retired', data: { organizationId, ${camel}Id } }];
      }
      default:
        return unreachable(command);
    }
  },
  evolve: (_, event) => {
    switch (event.type) {
      case '${noun}-created':
        return { status: 'live', ...event.data };
      case '${noun}-retired':
        return { status: 'retired' };
      default:
        return unreachable(event);
    }
  },
});
`;
}

function aggregateOf({ noun, camel }: Names, isListed: boolean): string {
  return `import { aggregate } from '@vouchsafe/event-store';
import { ${camel} } from './${noun}.decider.js';
import { ${camel}Events } from './${noun}.events.js';
${isListed ? `import { ${camel}Projection } from './${noun}.projection.js';\n` : ''}
export const ${camel}Aggregate = aggregate({
  category: '${noun}',
  catalog: ${camel}Events,
  decider: ${camel},
  ${isListed ? `inline: [${camel}Projection],` : ''}
});
`;
}

function create({ noun, camel, pascal, words }: Names): string {
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

  /** @param key the request's Idempotency-Key: one ${words} for it, however often it comes */
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

function retire({ noun, camel, pascal }: Names): string {
  return `import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf } from '@vouchsafe/service-host';
import { ${camel}Aggregate } from './${noun}.aggregate.js';

@Injectable()
export class Retire${pascal} {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  retire(caller: Caller, ${camel}Id: string) {
    return this.store.transact(organizationOf(caller), envelopeOf(caller, this.clock.now()), (unit) =>
      unit.execute(${camel}Aggregate, ${camel}Id, { type: 'retire' }),
    );
  }
}
`;
}

function list({ camel, pascal, snake }: Names): string {
  return `import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
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
const cursor = cursorOf(z.strictObject({ createdAt: z.iso.datetime(), ${camel}Id: z.uuid() }));

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
      return page(
        rows.map(shown),
        query.limit,
        ({ createdAt, ${camel}Id }) => ({ createdAt, ${camel}Id }),
        cursor.write,
      );
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

function projection({ noun, camel, pascal, snake }: Names): string {
  return `import { inlineProjection } from '@vouchsafe/event-store';
import type { ${pascal}Event } from './${noun}.events.js';

/** The table \`${snake}\`, in the transaction that appends. */
export const ${camel}Projection = inlineProjection<${pascal}Event>({
  name: '${noun}',
  on: {
    '${noun}-created': async (sql, { data, envelope }) => {
      await sql.query('insert into ${snake} (${snake}_id, organization_id, created_at) values ($1, $2, $3)', [
        data.${camel}Id,
        data.organizationId,
        envelope.occurredAt,
      ]);
    },
    '${noun}-retired': async (sql, { data, envelope }) => {
      await sql.query('update ${snake} set retired_at = $2 where ${snake}_id = $1', [
        data.${camel}Id,
        envelope.occurredAt,
      ]);
    },
  },
});
`;
}

function published({ noun, camel, pascal }: Names, service: string): string {
  const { camel: owner } = namesOf(service);
  return `import { type Fact, ${owner}Facts, publication } from '@vouchsafe/contracts';
import { unreachable } from '@vouchsafe/event-sourcing';
import type { RecordedEvent } from '@vouchsafe/event-store';
import type { ${pascal}Event } from './${noun}.events.js';

export function publish${pascal}({ type, data, envelope }: RecordedEvent<${pascal}Event>): readonly Fact[] {
  const { actor, occurredAt, requestId } = envelope;
  const fact = { actor, occurredAt: occurredAt.toISOString(), requestId, ...data };
  switch (type) {
    case '${noun}-created':
      return [publication(${owner}Facts.${camel}Created, fact)];
    case '${noun}-retired':
      return [publication(${owner}Facts.${camel}Retired, fact)];
    default:
      return unreachable(type);
  }
}
`;
}

function controller({ noun, camel, pascal, words }: Names, isListed: boolean): string {
  return `import { Controller, Delete, ${isListed ? 'Get, ' : ''}Headers, HttpCode, Param, Post${isListed ? ', Query' : ''} } from '@nestjs/common';
import { accepted, Caller, Operation, ${isListed ? 'pageQuery, type PageQuery, ' : ''}type ProblemCode } from '@vouchsafe/service-host';
import { z } from 'zod';
import { Create${pascal}, created${pascal} } from './create-${noun}.js';
${isListed ? `import { List${pascal}s, ${camel}Page } from './list-${noun}s.js';\n` : ''}import type { ${pascal}Rejection } from './${noun}.decider.js';
import { Retire${pascal} } from './retire-${noun}.js';

const path = z.strictObject({ id: z.uuid() });

/** What a caller is told of each rejection. */
const problems = {
  'already-created': 'conflict',
  'not-live': 'not-found',
} as const satisfies Record<${pascal}Rejection['rejected'], ProblemCode>;

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

function spec({ noun, camel, words }: Names): string {
  return `import { describe, it } from '@jest/globals';
import { given, organizationId } from '@vouchsafe/event-sourcing';
import { ${camel} } from './${noun}.decider.js';

const data = {
  organizationId: organizationId.parse('5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01'),
  ${camel}Id: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001',
};
const created = { type: '${noun}-created', data } as const;
const retired = { type: '${noun}-retired', data } as const;

describe('a ${words}', () => {
  it('is created once', () => {
    given(${camel}, []).when({ type: 'create', ...data }).then([created]);
    given(${camel}, [created]).when({ type: 'create', ...data }).then({ rejected: 'already-created' });
  });

  it('is retired once, and only when it is live', () => {
    given(${camel}, [created]).when({ type: 'retire' }).then([retired]);
    given(${camel}, [created, retired]).when({ type: 'retire' }).then({ rejected: 'not-live' });
    given(${camel}, []).when({ type: 'retire' }).then({ rejected: 'not-live' });
  });
});
`;
}
