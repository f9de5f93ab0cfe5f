import type { Contract } from '@vouchsafe/contracts';
import type { Sql } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { ArrivedFact } from '../cloud-events.js';
import type { Received } from './reaction.js';

/** A fact that does not match its contract: retried, because a newer release may read it, and then set aside. */
export class UnreadableFactError extends Error {
  override readonly name = 'UnreadableFactError';
  /** @param because field paths of the contract and codes, nothing of the fact: values may be personal (ASVS 16.2.5) */
  constructor(
    fact: Pick<ArrivedFact, 'id' | 'type'>,
    readonly because: string,
  ) {
    super(`${fact.id} (${fact.type}) cannot be read: ${because}`);
  }
}

/** Checks a fact's data; fields that the contract does not know are left out. */
export function readFact(fact: ArrivedFact, contract: Contract): Received {
  let json: unknown;
  try {
    json = JSON.parse(fact.value);
  } catch {
    throw new UnreadableFactError(fact, 'not-json');
  }
  const data = contract.reader.safeParse(json);
  if (!data.success) throw new UnreadableFactError(fact, misfits(data.error, contract));
  const { source, lane, number, id, type, time, organizationId, traceparent } = fact;
  return { source, lane, number, id, type, time, organizationId, traceparent, data: data.data };
}

/** Brings a fact of a former version up to `taken`, step by step; one of `taken` itself comes back as it is. */
export function upcastTo(taken: Contract, fact: Received): Received {
  if (fact.type === taken.type) return fact;
  if (!taken.former) throw new UnreadableFactError(fact, `no upcast to ${taken.type}`);
  const before = upcastTo(taken.former.contract, fact);
  const data = taken.reader.safeParse(taken.former.upcast(before.data as never));
  if (!data.success) throw new UnreadableFactError(fact, misfits(data.error, taken));
  return { ...fact, type: taken.type, data: data.data };
}

/**
 * Personal values come sealed by the source and, opened, pass the receiver's own vault on arrival: those of a subject whom this service has
 * erased come out as `ERASED`, also when the fact is delivered late or again (docs/bus.md, 'Consumers').
 */
export async function throughVault(
  sql: Sql,
  vault: Vault,
  received: readonly { readonly fact: Received; readonly contract: Contract }[],
): Promise<Received[]> {
  const personal = received.filter(({ contract }) => contract.personal.length > 0);
  // Asked of the keys, not of the values: sealing and opening each one would cost more than all else on a fact's way.
  const known = await vault.withoutErasedFields(
    sql,
    personal.map(({ fact, contract }) => ({
      organizationId: fact.organizationId,
      fields: contract.personal,
      data: fact.data,
    })),
  );
  const arrived = new Map(personal.map(({ fact }, index) => [fact, known[index] ?? {}]));
  return received.map(({ fact }) => ({ ...fact, data: arrived.get(fact) ?? fact.data }));
}

/** The field paths that do not match and why, each once; a name that the contract does not have (a key of a record) is left out. */
function misfits({ issues }: z.ZodError, { schema }: Contract): string {
  const known = namesIn(z.toJSONSchema(schema, { unrepresentable: 'any' }));
  const pathOf = (path: readonly PropertyKey[]): string =>
    path.map((part) => (known.has(String(part)) ? String(part) : '*')).join('.') || '(root)';
  return [...new Set(issues.map(({ path, code }) => `${pathOf(path)}: ${code}`))].slice(0, 10).join('; ');
}

function namesIn(schema: unknown): Set<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const { properties } = schema as { properties?: object };
  const below = Object.values(schema).flatMap((part) => [...namesIn(part)]);
  return new Set([...Object.keys(properties ?? {}), ...below]);
}
