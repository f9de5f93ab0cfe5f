import {
  authenticated,
  type Authenticated,
  type InternalClient,
  InternalRequestError,
  problem,
} from '@vouchsafe/service-host';
import { z } from 'zod';

/** Strict types, but a field that identity learns to say first must not stop the gateway. */
const answer = z.object(authenticated.shape);

export type Credential = { readonly session: string } | { readonly apiKey: string };

/**
 * Asks identity who a session or an API key is, at every request and without a cache: a session that was ended is dead at once
 * (ASVS 7.4.1).
 * @returns null when it is nobody
 */
export function whoCalls(client: InternalClient, identityOrigin: string) {
  return async (credential: Credential): Promise<Authenticated | null> => {
    try {
      return await client.ask({
        audience: 'identity',
        origin: identityOrigin,
        method: 'POST',
        path: '/internal/sessions/resolve',
        body: credential,
        answer,
      });
    } catch (error) {
      // 401 would be about the gateway itself (its token, its clock): no caller is told to log in again for that.
      if (error instanceof InternalRequestError && error.status === 404) return null;
      throw problem('unavailable', { cause: error });
    }
  };
}
