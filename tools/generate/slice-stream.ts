/** The stream of a new slice: its events, decider, projection and published facts. */
import { type Names, namesOf } from './names.ts';

export function events({ noun, camel, pascal }: Names, visibility: 'published' | 'private'): string {
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

export function decider({ noun, camel, pascal }: Names): string {
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

export function spec({ noun, camel, words }: Names): string {
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

export function aggregate({ noun, camel }: Names, isListed: boolean): string {
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

export function projection({ noun, camel, pascal, snake }: Names): string {
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

export function published({ noun, camel, pascal }: Names, service: string): string {
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
