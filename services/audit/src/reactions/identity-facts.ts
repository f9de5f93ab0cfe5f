import { type Contract, serviceName } from '@vouchsafe/contracts';
import { isErased } from '@vouchsafe/event-sourcing';
import type { JsonObject } from '@vouchsafe/transparency-log';
import { z } from 'zod';
import { type NewEntry, observedBy, type DottedPath } from '../log/entry.js';
import { instantIn } from '../log/instant.js';
import { isOwnId } from './access-log.js';
import { isUuid } from './uuid.js';

/** What every fact says beside its own matter, but for those with a form of their own. */
interface Fact {
  readonly organizationId: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly occurredAt: string;
  readonly requestId: string | null;
}

/** A fact as an entry: the operation is the fact's name, its entity the most particular thing it names. */
export function entryOfFact(contract: Contract, data: Fact & Readonly<Record<string, unknown>>): NewEntry {
  const { organizationId, actor, occurredAt, requestId, sourceIp, userAgent, ...matter } = data;
  const entity = entityOf(data);
  const details = Object.fromEntries(
    Object.entries(matter).filter(([, value]) => value !== null && !isErased(value)),
  ) as JsonObject;
  const subject = uuidIn(data, 'userId') ?? (actor.type === 'user' && isUuid(actor.id) ? actor.id : null);
  return {
    organizationId,
    ...observedBy(contract.owner),
    id: null,
    occurredAt: instantIn(occurredAt),
    actor,
    operation: `${contract.owner}.${nameOf(contract)}`,
    entity,
    outcome: denials.has(contract.type) ? 'denied' : 'success',
    sourceIp: textOf(sourceIp),
    url: null,
    userAgent: textOf(userAgent),
    requestId,
    details,
    clear: new Set<DottedPath>([
      'requestId',
      'entity.id',
      ...(isOwnId(actor) ? (['actor.id'] as const) : []),
      ...closedFields(contract).map((name) => `details.${name}` as const),
    ]),
    subject,
    about: new Map(
      contract.personal.flatMap(({ path: [name], subject: field }) => {
        const about = field === null ? null : uuidIn(data, field);
        return name === undefined || about === null ? [] : [[`details.${name}` as const, about]];
      }),
    ),
  };
}

const denials: ReadonlySet<string> = new Set(['vouchsafe.identity.log-in-failed.v1']);

/** Fields that name things, the most particular first, and the type of what they name. */
const entities = [
  ['apiKeyId', 'api-key'],
  ['invitationId', 'invitation'],
  ['authenticatorId', 'authenticator'],
  ['sessionId', 'session'],
  ['userId', 'user'],
  ['organizationId', 'organization'],
] as const;

function entityOf(data: Readonly<Record<string, unknown>>): { type: string; id: string } {
  for (const [field, type] of entities) {
    const id = uuidIn(data, field);
    if (id !== null) return { type, id };
  }
  throw new Error('The fact does not name its organization');
}

/** `vouchsafe.identity.member-role-changed.v1` -> `member-role-changed` */
function nameOf({ type }: Contract): string {
  return type.split('.')[2] ?? type;
}

const closed = new WeakMap<Contract, readonly string[]>();

/** Fields whose values are random ids or of closed sets, by the contract's schema: they may stand in the leaf in clear. */
function closedFields(contract: Contract): readonly string[] {
  let names = closed.get(contract);
  if (!names) {
    const shape =
      contract.schema instanceof z.ZodObject ? (contract.schema.shape as Record<string, z.ZodType>) : {};
    names = Object.entries(shape).flatMap(([name, field]) => (isClosed(field) ? [name] : []));
    closed.set(contract, names);
  }
  return names;
}

function isClosed(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly) {
    return isClosed(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodArray) return isClosed(schema.element as z.ZodType);
  if (schema instanceof z.ZodStringFormat) return schema.format === 'uuid' || schema.format === 'datetime';
  return (
    schema === serviceName ||
    schema instanceof z.ZodEnum ||
    schema instanceof z.ZodLiteral ||
    schema instanceof z.ZodBoolean ||
    schema instanceof z.ZodNumber
  );
}

function uuidIn(data: Readonly<Record<string, unknown>>, field: string): string | null {
  const value: unknown = data[field];
  return typeof value === 'string' && isUuid(value) ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
