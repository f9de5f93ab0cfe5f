import { isErased } from '@vouchsafe/event-sourcing';
import type { UnitOfWork } from '@vouchsafe/event-store';
import {
  type Answer,
  type AnswerSealer,
  type Caller,
  idempotencyKey,
  idempotently,
} from '@vouchsafe/service-host';
import type { Vault } from '@vouchsafe/vault';
import canonicalize from 'canonicalize';
import type { Identity } from './identity.js';

export interface CreatingRequest {
  readonly caller: Caller;
  readonly operation: string;
  /** The `Idempotency-Key` header as it came. */
  readonly key: string | undefined;
  /** What the effect depends on, as it came: only its keyed hash is kept. */
  readonly request: object;
  /** 201 where nothing is said. */
  readonly status?: number;
}

/** A creating POST, at most once for its Idempotency-Key, in the unit's own transaction. @returns the answer's body */
export async function createOnce<Body extends object>(
  identity: Identity,
  unit: UnitOfWork,
  { caller, operation, key, request, status = 201 }: CreatingRequest,
  work: () => Promise<Omit<Answer<Body>, 'status'>>,
): Promise<Body> {
  const { body } = await idempotently<Body>(
    unit,
    {
      organizationId: unit.organizationId,
      caller,
      operation,
      key: idempotencyKey(key),
      request: key === undefined ? {} : await keyedRequest(identity, unit, request),
      at: identity.now(),
      sealer: sealerOf(identity.vault),
    },
    async () => ({ status, ...(await work()) }),
  );
  return body;
}

/**
 * The request's hash is kept for a day, and may be of an address or a password (P07): it is made under the service's own key, so
 * that nobody who reads it can try guesses.
 */
async function keyedRequest({ vault }: Identity, unit: UnitOfWork, request: object): Promise<object> {
  const hash = await vault.keyedHash(unit, 'idempotent-request', canonicalize(request) ?? '');
  return { hash: hash.toString('base64url') };
}

function sealerOf(vault: Vault): AnswerSealer {
  return {
    seal: async (sql, scope, context, plaintext) => {
      const sealed = await vault.seal(sql, scope, context, plaintext);
      if (isErased(sealed))
        throw new Error("An organization's monthly key cannot be erased beneath a request");
      return sealed;
    },
    open: (sql, scope, context, sealed) => vault.open(sql, scope, context, sealed),
  };
}
