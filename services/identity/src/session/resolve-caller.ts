import { Injectable } from '@nestjs/common';
import { Database, instant, prepared } from '@vouchsafe/database';
import { type Authenticated, Clock, keyPermissions, type Permission } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { secretHash } from '../link-token.js';
import { permissionsOf, permissionsWhileInactive } from '../permission/permissions.js';
import { role } from '../permission/role.js';
import { dayOf, noteUseOfKey } from '../unused-account/note-use.js';
import { Sessions } from './sessions.js';

/** Asked for every request by a key, as `findLiveSession` is for every one of a session. */
const apiKeyLookUp = prepared(
  `select organization_id, api_key_id, scopes, expires_at, last_used_at, revoked_at, creator_role, source, organization_inactive
   from lookup.api_key_and_organization($1)`,
);

interface ApiKeyRow {
  readonly organization_id: string;
  readonly api_key_id: string;
  readonly scopes: Permission[];
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  readonly creator_role: string;
  readonly source: string;
  readonly organization_inactive: boolean;
}

/** Asked by the gateway at every request: what a session or a key may do is decided now, not when it was made. */
@Injectable()
export class ResolveCaller {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  resolve(given: { readonly session: Secret } | { readonly apiKey: Secret }): Promise<Authenticated | null> {
    return 'session' in given ? this.session(given.session) : this.apiKey(given.apiKey);
  }

  private async session(given: Secret): Promise<Authenticated | null> {
    const found = await this.sessions.find(given);
    if (!found) return null;
    // A session that lacks what is asked of it holds no permission: it can enrol or accept, nothing else (ASVS 6.3.3).
    const restricted =
      found.awaitsDocuments || (found.secondFactorRequired && found.level === 'single-factor');
    const held = role.parse(found.role);
    const { organizationInactive } = found;
    const may = organizationInactive ? permissionsWhileInactive(held) : permissionsOf(held);
    return {
      organizationId: found.organizationId,
      actor: { type: 'user', id: found.userId },
      roles: [held],
      permissions: restricted ? [] : [...may],
      authenticationLevel: restricted ? 'enrolment' : found.level,
      sessionId: found.sessionId,
      authenticatedAt: found.authenticatedAt.toISOString(),
      staffGrantId: null,
      ...(organizationInactive && { organizationInactive }),
    };
  }

  private async apiKey(given: Secret): Promise<Authenticated | null> {
    const at = this.clock.now();
    const [row] = await this.database.statement<ApiKeyRow>('request', apiKeyLookUp, [secretHash(given)]);
    if (!row) return null;
    const expired = row.expires_at !== null && instant(row.expires_at) <= at;
    if (row.revoked_at !== null || expired) return null;
    await this.noteUse(row, at);
    // Never more than its creator may do today (P02).
    const creatorMay = new Set<string>(permissionsOf(role.parse(row.creator_role)));
    return {
      organizationId: row.organization_id,
      actor: { type: 'api-key', id: row.api_key_id },
      roles: [],
      permissions: row.organization_inactive
        ? []
        : keyPermissions.filter((scope) => row.scopes.includes(scope) && creatorMay.has(scope)),
      authenticationLevel: 'api-key',
      sessionId: null,
      authenticatedAt: null,
      staffGrantId: null,
      source: row.source,
      ...(row.organization_inactive && { organizationInactive: true }),
    };
  }

  /** A minute's precision is enough, and spares most requests a write. */
  private async noteUse({ organization_id, api_key_id, last_used_at }: ApiKeyRow, at: Date): Promise<void> {
    const before = last_used_at === null ? null : instant(last_used_at);
    if (before !== null && at.getTime() - before.getTime() < 60_000) return;
    await this.database.forOrganization(organization_id, async (sql) => {
      if (before === null || dayOf(before) !== dayOf(at)) await noteUseOfKey(sql, api_key_id, at);
      await sql.query('update api_key set last_used_at = $2 where api_key_id = $1', [api_key_id, at]);
    });
  }
}
