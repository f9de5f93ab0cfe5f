import { Inject, Injectable } from '@nestjs/common';
import {
  authenticated,
  type Authenticated,
  CONFIG,
  InternalClient,
  InternalRequestError,
  problem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { GatewayConfig } from '../gateway.config.js';

/** Strict types, but a field that identity learns to say first must not stop the gateway. */
const answer = z.object(authenticated.shape);

export type Credential = { readonly session: string } | { readonly apiKey: string };

/**
 * Asks identity who a session or an API key is, at every request and without a cache: a session that was ended is dead at once
 * (ASVS 7.4.1).
 */
@Injectable()
export class ResolveCaller {
  constructor(
    private readonly client: InternalClient,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'VOUCHSAFE_IDENTITY_URL'>,
  ) {}

  /** @returns null when it is nobody */
  async resolve(credential: Credential): Promise<Authenticated | null> {
    try {
      return await this.client.ask({
        audience: 'identity',
        origin: this.config.VOUCHSAFE_IDENTITY_URL,
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
  }
}
