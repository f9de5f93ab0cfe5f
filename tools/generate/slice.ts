/** A file of a new slice, relative to the service's `src/`. */
export interface SliceFile {
  readonly path: string;
  readonly text: string;
}

/** A small slice that works: created and retired, over HTTP, with its own spec. What it means is for its author to write. */
export function sliceFiles(noun: string): SliceFile[] {
  const names = namesOf(noun);
  return [
    { path: `${noun}/${noun}.events.ts`, text: events(names) },
    { path: `${noun}/${noun}.ts`, text: deciderOf(names) },
    { path: `${noun}/${noun}.problems.ts`, text: problems(names) },
    { path: `${noun}/${noun}.controller.ts`, text: controller(names) },
    { path: `${noun}/${noun}.spec.ts`, text: spec(names) },
  ];
}

/** What its author does next; the first two are checked by tests. */
export function nextSteps(service: string, noun: string): string {
  const { camel, pascal } = namesOf(noun);
  return `Next:
  1. List ${pascal}Controller in the composition module, services/${service}/src/${service}.module.ts.
  2. List ${camel}Events in services/${service}/src/${service}.publishing.ts: published or private, the relay must know (rule 5).
  3. npm run golden: the OpenAPI document has new operations, from which the gateway opens its routes.`;
}

interface Names {
  readonly noun: string;
  readonly camel: string;
  readonly pascal: string;
  readonly words: string;
}

function namesOf(noun: string): Names {
  const pascal = noun.replaceAll(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase());
  return {
    noun,
    pascal,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    words: noun.replaceAll('-', ' '),
  };
}

function events({ noun, camel, pascal }: Names): string {
  return `import { eventCatalog, type EventOf, organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';

const which = { organizationId, ${camel}Id: z.uuid() };

/** Stream \`${noun}-<id>\`. */
export const ${camel}Events = eventCatalog({
  '${noun}-created': { version: 1, visibility: 'private', schema: z.strictObject(which) },
  '${noun}-retired': { version: 1, visibility: 'private', schema: z.strictObject(which) },
});
export type ${pascal}Event = EventOf<typeof ${camel}Events>;
`;
}

function deciderOf({ noun, camel, pascal }: Names): string {
  return `import { decider, type OrganizationId, unreachable } from '@vouchsafe/event-sourcing';
import type { ${pascal}Event } from './${noun}.events.js';

export type ${pascal} =
  | { readonly status: 'absent' | 'retired' }
  | { readonly status: 'live'; readonly organizationId: OrganizationId; readonly ${camel}Id: string };

export type ${pascal}Command =
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

function problems({ noun, camel, pascal }: Names): string {
  return `import type { ProblemCode } from '@vouchsafe/service-host';
import type { ${pascal}Rejection } from './${noun}.js';

/** What a caller is told of each refusal. */
export const ${camel}Problems = {
  'already-created': 'conflict',
  'not-live': 'not-found',
} as const satisfies Record<${pascal}Rejection['rejected'], ProblemCode>;
`;
}

function controller({ noun, camel, pascal, words }: Names): string {
  return `import { Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { aggregate, EventStore } from '@vouchsafe/event-store';
import { Caller, Clock, Ids, Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { ${camel}Events } from './${noun}.events.js';
import { ${camel}Problems } from './${noun}.problems.js';
import { ${camel}, type ${pascal}Command } from './${noun}.js';

const ${camel}Aggregate = aggregate({ category: '${noun}', catalog: ${camel}Events, decider: ${camel} });
const created = z.strictObject({ ${camel}Id: z.uuid() });
const path = z.strictObject({ id: z.uuid() });

@Controller('v1/${noun}s')
export class ${pascal}Controller {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  @Post()
  @Operation({
    permission: 'organization:write',
    operation: '${noun}.create',
    entity: { type: '${noun}', id: 'response.${camel}Id' },
    effect: 'write',
    summary: 'Create a ${words}',
    answers: { 201: created },
    problems: ['conflict'],
  })
  async create(@Caller() caller: Caller): Promise<z.infer<typeof created>> {
    const organizationId = organizationOf(caller);
    const ${camel}Id = this.ids.newId();
    await this.execute(caller, ${camel}Id, { type: 'create', organizationId, ${camel}Id });
    return { ${camel}Id };
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
    await this.execute(caller, id, { type: 'retire' });
  }

  private async execute(caller: Caller, id: string, command: ${pascal}Command): Promise<void> {
    const envelope = { actor: caller.actor, occurredAt: this.clock.now(), requestId: caller.requestId };
    const result = await this.store.transact(organizationOf(caller), envelope, (unit) =>
      unit.execute(${camel}Aggregate, id, command),
    );
    if (isRejected(result)) throw problem(${camel}Problems[result.rejected]);
  }
}

function organizationOf({ organizationId }: Caller): OrganizationId {
  if (organizationId === null) throw problem('forbidden');
  return organizationId as OrganizationId;
}
`;
}

function spec({ noun, camel, words }: Names): string {
  return `import { describe, it } from '@jest/globals';
import { given, organizationId } from '@vouchsafe/event-sourcing';
import { ${camel} } from './${noun}.js';

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
