import type { Contract } from '@vouchsafe/contracts';
import type { Sql } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import type { z } from 'zod';
import type { ArrivedFact } from '../cloud-events.js';
import type { Received } from './reaction.js';

/** A fact that does not fit its contract: retried, as a newer release may read it, then parked. */
export class UnreadableFactError extends Error {
  override readonly name = 'UnreadableFactError';
}

/** Checks a fact's data. Paths and codes only: values may be personal and stay out of errors (ASVS 16.2.5). */
export function readFact(fact: ArrivedFact, contract: Contract): Received {
  let json: unknown;
  try {
    json = JSON.parse(fact.value);
  } catch {
    throw new UnreadableFactError(`${fact.id} (${fact.type}) is not JSON`);
  }
  const data = contract.schema.safeParse(json);
  if (!data.success) {
    throw new UnreadableFactError(
      `${fact.id} (${fact.type}) does not fit its contract: ${issuesOf(data.error)}`,
    );
  }
  const { source, lane, number, id, type, time, organizationId, traceparent } = fact;
  return { source, lane, number, id, type, time, organizationId, traceparent, data: data.data };
}

/**
 * Personal values cross the bus in clear and pass the receiver's own vault on arrival: those of a subject whom this service has
 * erased come out as `ERASED`, also when the fact is delivered late or again (event-core, 'The bus').
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

function issuesOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.code}`).join('; ');
}
