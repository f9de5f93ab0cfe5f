import { type Contract, type FactEntity, isStripeId, serviceName, storeName } from '@vouchsafe/contracts';
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
type FactData = Fact & Readonly<Record<string, unknown>>;

/**
 * How a fact of any service becomes an entry: the operation is the fact's name, its entity and outcome are those that the contract declares.
 * @throws for a contract that declares no entity, or does not say who did it
 */
export function factEntry(contract: Contract): (data: object) => NewEntry {
  const { entity } = contract;
  if (!entity) throw new Error(`${contract.type} is recorded and declares no entity`);
  if (!('actor' in shapeOf(contract)))
    throw new Error(`${contract.type} is recorded and does not say who did it`);
  return (data) => entryOfFact(contract, entity, data as FactData);
}

function entryOfFact(contract: Contract, declared: FactEntity, data: FactData): NewEntry {
  const { organizationId, actor, occurredAt, requestId, sourceIp, userAgent, ...matter } = data;
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
    entity: entityOf(declared, data),
    outcome: contract.outcome,
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

function entityOf({ type, id: field }: FactEntity, data: FactData): { type: string; id: string } {
  // The contract sees to it that it is a UUID or an id of Stripe.
  const id = textOf(data[field]);
  return id === null ? { type: 'organization', id: data.organizationId } : { type, id };
}

/** `vouchsafe.identity.member-role-changed.v1` -> `member-role-changed` */
function nameOf({ type }: Contract): string {
  return type.split('.')[2] ?? type;
}

const closed = new WeakMap<Contract, readonly string[]>();

/** Fields whose values are random ids (ours or Stripe's) or of closed sets, by the contract's schema: they may stand in the leaf in clear. */
function closedFields(contract: Contract): readonly string[] {
  let names = closed.get(contract);
  if (!names) {
    names = Object.entries(shapeOf(contract)).flatMap(([name, field]) => (isClosed(field) ? [name] : []));
    closed.set(contract, names);
  }
  return names;
}

const closedFormats: ReadonlySet<string> = new Set(['uuid', 'datetime', 'date']);
function shapeOf({ schema }: Contract): Record<string, z.ZodType> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

function isClosed(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly) {
    return isClosed(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodArray) return isClosed(schema.element as z.ZodType);
  if (schema instanceof z.ZodObject)
    return Object.values(schema.shape as Record<string, z.ZodType>).every(isClosed);
  if (schema instanceof z.ZodStringFormat) return schema.format !== null && closedFormats.has(schema.format);
  return (
    isStripeId(schema) ||
    schema === serviceName ||
    schema === storeName ||
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
