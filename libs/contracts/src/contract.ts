import { type PersonalField, personalFields } from '@vouchsafe/event-sourcing';
import type { z } from 'zod';

export type Owner = 'identity' | 'gateway' | 'audit';

/** `vouchsafe.<owner>.<fact>.v<version>`: the `type` attribute of the CloudEvent (`ce_type`). */
export type ContractType = `vouchsafe.${Owner}.${string}.v${number}`;

/**
 * A published fact: what one service promises the others. A version that has shipped never changes in a way that breaks a
 * reader; a new meaning is a new version beside the old one.
 */
export interface Contract<Schema extends z.ZodType<object> = z.ZodType<object>> {
  readonly type: ContractType;
  readonly owner: Owner;
  /** One sentence for the AsyncAPI document: when this fact is published. */
  readonly summary: string;
  readonly schema: Schema;
  /** These cross the bus in clear and are sealed by the receiver on arrival (event-core). */
  readonly personal: readonly PersonalField[];
}

export type DataOf<C extends Contract> = z.output<C['schema']>;

export function contract<Schema extends z.ZodType<object>>(definition: {
  readonly type: ContractType;
  readonly summary: string;
  readonly schema: Schema;
}): Contract<Schema> {
  const named = /^vouchsafe\.(identity|gateway|audit)\.[a-z0-9-]+\.v[1-9][0-9]*$/.exec(definition.type);
  if (!named) throw new Error(`Not a contract's type: ${definition.type}`);
  return { ...definition, owner: named[1] as Owner, personal: personalFields(definition.schema) };
}

/** What a service hands to its relay for one private event; the relay adds lane, number, time and trace. */
export interface Publication<C extends Contract = Contract> {
  readonly contract: C;
  readonly data: DataOf<C>;
}

/** Checks the data against its contract where it is made, so a broken message never leaves. */
export function publication<C extends Contract>(made: C, data: DataOf<C>): Publication<C> {
  return { contract: made, data };
}
