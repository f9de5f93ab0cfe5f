import { type Contract, type Json, jsonSchemaOf } from '@vouchsafe/contracts';

export interface DescribedTopic {
  readonly name: string;
  /** The service that publishes on it. */
  readonly owner: string;
}

/**
 * AsyncAPI 3.0 document of everything that leaves the services: a channel for each topic, a message for each contract. Deterministic:
 * the same contracts give the same text, so a golden file can hold it.
 */
export function asyncApiDocument(
  contracts: readonly Contract[],
  topics: readonly DescribedTopic[],
  info: { readonly title: string; readonly version: string } = { title: 'Vouchsafe', version: '1.0.0' },
): object {
  const sorted = contracts.toSorted((a, b) => (a.type < b.type ? -1 : 1));
  const owned = (owner: string) => sorted.filter((contract) => contract.owner === owner);
  const homeless = sorted.filter((contract) => !topics.some(({ owner }) => owner === contract.owner));
  if (homeless.length > 0) {
    throw new Error(`No topic carries ${homeless.map(({ type }) => type).join(', ')}`);
  }
  return {
    asyncapi: '3.0.0',
    info: {
      ...info,
      description:
        'The facts that services publish to each other: CloudEvents 1.0 in Kafka binary mode; the message key is the organization. ' +
        'A message with fields under x-personal is a JWE in compact serialization (alg dir, enc A256GCM) of the payload; its key is the ' +
        'one that ce_transitkey names, which the owner gives to services alone.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      topics.map(({ name, owner }) => [
        owner,
        {
          address: name,
          description: `What ${owner} publishes, in order for each organization.`,
          messages: Object.fromEntries(
            owned(owner).map(({ type }) => [nameOf(type), reference('components/messages', nameOf(type))]),
          ),
        },
      ]),
    ),
    operations: Object.fromEntries(
      topics.map(({ owner }) => [
        `${owner}-publishes`,
        { action: 'send', summary: `${owner} publishes its facts.`, channel: reference('channels', owner) },
      ]),
    ),
    components: {
      messages: Object.fromEntries(sorted.map((contract) => [nameOf(contract.type), messageOf(contract)])),
      messageTraits: { cloudEvent, sealedCloudEvent },
      schemas: schemasOf(sorted),
    },
  };
}

function messageOf({ type, summary, personal }: Contract): object {
  return {
    name: type,
    summary,
    contentType: personal.length > 0 ? 'application/jose' : 'application/json',
    traits: [reference('components/messageTraits', personal.length > 0 ? 'sealedCloudEvent' : 'cloudEvent')],
    payload: reference('components/schemas', nameOf(type)),
    ...(personal.length > 0
      ? {
          'x-personal': personal.map(({ path, purpose, subject }) => ({
            path: path.join('.'),
            purpose,
            subject,
          })),
        }
      : {}),
  };
}

/** `vouchsafe.identity.logged-in.v1` as generators make types of it: `IdentityLoggedInV1`. */
function nameOf(type: string): string {
  const words = type.split(/[.-]/).slice(1);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** One for each contract, and those that they share: a reference to `definitions` leads nowhere inside of an AsyncAPI document. */
function schemasOf(contracts: readonly Contract[]): Record<string, Json> {
  const shared: Record<string, Json> = {};
  const own = contracts.map(({ type, schema }) => {
    const { definitions, ...described } = jsonSchemaOf(schema, { io: 'output', target: 'draft-7' });
    Object.assign(shared, definitions);
    return [nameOf(type), described] as const;
  });
  const text = JSON.stringify({ ...Object.fromEntries(own), ...shared });
  return JSON.parse(text.replaceAll('"#/definitions/', '"#/components/schemas/')) as Record<string, Json>;
}

const text = { type: 'string' } as const;
const cloudEvent = {
  headers: {
    type: 'object',
    required: [
      'ce_specversion',
      'ce_id',
      'ce_source',
      'ce_type',
      'ce_time',
      'ce_lane',
      'ce_number',
      'content-type',
    ],
    properties: {
      ce_specversion: { type: 'string', const: '1.0' },
      ce_id: {
        ...text,
        description:
          '<source>/<lane>/<number>, with /v2 (and so on) for later versions; the same each time the fact is sent',
      },
      ce_source: { ...text, description: 'The service that owns the fact' },
      ce_type: { ...text, description: 'The contract and its version' },
      ce_time: { ...text, format: 'date-time', description: 'When the source recorded it' },
      ce_lane: { ...text, pattern: '^[0-9]+$' },
      ce_number: {
        ...text,
        pattern: '^[1-9][0-9]*$',
        description: 'Number of the fact in its lane: from 1, without gaps',
      },
      ce_fact: { ...text, description: '<source>/<lane>/<number>; shared by the versions of a fact' },
      ce_versions: {
        ...text,
        description:
          'Types of all versions that the fact is sent in, where there are several; take one of them',
      },
      ce_traceparent: { ...text, description: 'W3C trace context of what caused the fact' },
      'content-type': { type: 'string', const: 'application/json' },
    },
  },
  bindings: { kafka: { key: { type: 'string', format: 'uuid', description: 'organizationId' } } },
} as const;

/** The payload as its schema says is what the JWE holds. */
const sealedCloudEvent = {
  ...cloudEvent,
  headers: {
    ...cloudEvent.headers,
    required: [...cloudEvent.headers.required, 'ce_transitkey'],
    properties: {
      ...cloudEvent.headers.properties,
      ce_transitkey: { ...text, format: 'uuid', description: 'Id of the key of the JWE' },
      'content-type': { type: 'string', const: 'application/jose' },
    },
  },
} as const;

function reference(section: string, name: string): { readonly $ref: string } {
  // RFC 6901: `~` and `/` are escaped; no name of ours has them, other than by mistake.
  return { $ref: `#/${section}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` };
}
