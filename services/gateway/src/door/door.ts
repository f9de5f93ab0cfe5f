import type { Authenticated, InternalTokens } from '@vouchsafe/service-host';
import type { Dispatcher } from 'undici';
import type { AccessLog } from '../access-log/access-log.js';
import type { RouteIndex } from '../routes/route-index.js';
import type { SessionKeys } from '../session/session-keys.js';
import type { Credential } from '../session/who-calls.js';
import type { RateLimits } from './rate-limits.js';

/** Why an answer left without an entry, or an entry could not be written; each is counted. */
export type Unrecorded = 'unavailable' | 'outcome-unknown' | 'stream-end' | 'abandoned';

/** What stands at the public door, made once at the start. */
export interface Door {
  readonly instanceId: string;
  readonly operatorOrganizationId: string;
  readonly accessLog: AccessLog;
  readonly routes: RouteIndex;
  readonly rateLimits: RateLimits;
  readonly sessionKeys: SessionKeys;
  readonly whoCalls: (credential: Credential) => Promise<Authenticated | null>;
  readonly tokens: InternalTokens;
  readonly upstream: Dispatcher;
  /** Origins whose pages may use the API with a cookie; our own is among them. */
  readonly allowedOrigins: ReadonlySet<string>;
  readonly trustedHops: number;
  readonly bodyLimit: number;
  readonly upstreamTimeout: number;
  readonly now: () => Date;
  readonly count: (what: Unrecorded) => void;
}

/** Injection token of the `Door`. */
export const DOOR = Symbol('door');
