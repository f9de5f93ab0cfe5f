import { issuesOf, type PersonalField, personalFields } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { isServiceName, type ServiceName } from './services.js';
import { isStripeId } from './stripe-id.js';
import { looseObjectsIn, tolerant } from './tolerant.js';

/** `vouchsafe.<owner>.<fact>.v<version>`: the `type` attribute of the CloudEvent (`ce_type`). */
export type ContractType = `vouchsafe.${ServiceName}.${string}.v${number}`;

/**
 * A published fact: what one service promises the others. A version that has shipped never changes in a way that breaks a
 * reader; a new meaning is a new version beside the old one.
 */
export interface Contract<Schema extends z.ZodType<object> = z.ZodType<object>> {
  readonly type: ContractType;
  /** The type without its version: what all versions of a fact share. */
  readonly name: string;
  readonly owner: ServiceName;
  /** One sentence for the AsyncAPI document: when this fact is published. */
  readonly summary: string;
  /** Strict, for writers: an unknown field stops the fact (`publication`). */
  readonly schema: Schema;
  /** The same, tolerant, for readers: unknown fields are left out. */
  readonly reader: z.ZodType<z.output<Schema>>;
  /** What the audit log's entry of this fact is about; absent where the entry has a form of its own, or there is none. */
  readonly entity?: FactEntity;
  /** The outcome that the entry states. */
  readonly outcome: 'success' | 'denied';
  /** A message with personal fields is encrypted on the bus, and the receiver's vault seals them on arrival (docs/bus.md, 'Messages'). */
  readonly personal: readonly PersonalField[];
  /** No longer sent; still derived for consumers that fetch past facts. */
  readonly retired: boolean;
  /** Turns data of the version before into data of this one. */
  readonly former?: FormerContract;
}

/** The type of the thing, and the field that holds its id; where that is null, the fact is about its organization. */
export interface FactEntity<Field extends string = string> {
  readonly type: string;
  readonly id: Field;
}

interface FormerContract {
  readonly contract: Contract;
  readonly upcast: (data: never) => object;
}

export type DataOf<C extends Contract> = z.output<C['schema']>;

/**
 * @throws for a schema with an object that allows unknown fields: they could be personal without a mark; and for an entity whose id is
 *   neither a UUID nor an id of Stripe: it is in the log in clear
 */
export function contract<Schema extends z.ZodType<object>>(definition: {
  readonly type: ContractType;
  readonly summary: string;
  readonly schema: Schema;
  readonly entity?: FactEntity<keyof z.output<Schema> & string>;
  readonly outcome?: 'denied';
  readonly retired?: true;
  readonly former?: FormerContract;
}): Contract<Schema> {
  const { type, schema, entity, former } = definition;
  const [, name = '', owner = ''] = /^(vouchsafe\.([a-z]+)\.[a-z0-9-]+)\.v[1-9][0-9]*$/.exec(type) ?? [];
  if (!isServiceName(owner)) throw new Error(`Not a contract's type: ${type}`);
  const loose = looseObjectsIn(schema);
  if (loose.length > 0) throw new Error(`${type} allows unknown fields at ${loose.join(', ')}`);
  if (entity && !holdsOpaqueId(schema, entity.id)) throw new Error(`${type}: ${entity.id} is not a UUID`);
  if (former && former.contract.name !== name)
    throw new Error(`${type} is not a later version of ${former.contract.type}`);
  return {
    ...definition,
    name,
    owner,
    reader: tolerant(schema),
    outcome: definition.outcome ?? 'success',
    personal: personalFields(schema),
    retired: definition.retired ?? false,
  };
}

function holdsOpaqueId(schema: z.ZodType, name: string): boolean {
  if (!(schema instanceof z.ZodObject)) return false;
  const field = (schema.shape as Record<string, z.ZodType>)[name];
  const inner = field instanceof z.ZodNullable ? field.unwrap() : field;
  if (inner === undefined) return false;
  return (inner instanceof z.ZodStringFormat && inner.format === 'uuid') || isStripeId(inner);
}

/** Ties an upcast to the contract that it reads, so that its parameter has that version's type. */
export function formerContract<C extends Contract>(
  former: C,
  upcast: (data: DataOf<C>) => object,
): FormerContract {
  return { contract: former, upcast };
}

/** A contract and the versions before it that it can read, newest first. */
export function readableVersions(newest: Contract): Contract[] {
  return newest.former ? [newest, ...readableVersions(newest.former.contract)] : [newest];
}

/** What a service hands to its relay for one private event; the relay adds lane, number, time and trace. */
export interface Publication<C extends Contract = Contract> {
  readonly contract: C;
  readonly data: DataOf<C>;
}

/** One fact, in one version of its contract or in several side by side: each consumer takes one of them. */
export type Fact = Publication | readonly Publication[];

/** Data that does not match its contract: a bug of this service. The relay stops before the fact gets a number. */
export class UnfitPublicationError extends Error {
  override readonly name = 'UnfitPublicationError';
}

/**
 * Checks the data against its contract where it is made, so that no invalid message is sent.
 * @throws UnfitPublicationError
 */
export function publication<C extends Contract>(made: C, data: DataOf<C>): Publication<C> {
  const checked = made.schema.safeParse(data);
  if (!checked.success)
    throw new UnfitPublicationError(`A fact does not fit ${made.type}: ${issuesOf(checked.error)}`);
  return { contract: made, data };
}
