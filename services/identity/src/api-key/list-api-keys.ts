import { Injectable } from '@nestjs/common';
import { Database, exactTime, instant } from '@vouchsafe/database';
import {
  type Caller,
  cursorOf,
  organizationOf,
  pageFound,
  pageOf,
  type PageQuery,
  permissions,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { ApiKey } from './api-key.entity.js';

export const apiKeyView = z
  .strictObject({
    apiKeyId: z.uuid().describe('Id of the key'),
    name: z.string().describe('Name that its creator gave it'),
    start: z.string().describe('The first characters of the key'),
    source: z.string().describe('The source of the audit entries that it submits'),
    scopes: z.array(z.enum(permissions)).describe('What it may do, as far as its creator may'),
    createdBy: z.uuid().describe('Id of the user who created it'),
    createdAt: z.iso.datetime().describe('When it was created'),
    expiresAt: z.iso.datetime().nullable().describe('When it stops working; null where it does not'),
    lastUsedAt: z.iso.datetime().nullable().describe('To the minute; null when it was never used'),
    revokedAt: z.iso.datetime().nullable().describe('When it was revoked; null where it was not'),
  })
  .meta({ id: 'ApiKey' });
export const apiKeyPage = pageOf(apiKeyView);
const cursor = cursorOf({ createdAt: 'time', apiKeyId: 'id' });

@Injectable()
export class ListApiKeys {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  list(caller: Caller, query: PageQuery, createdBy?: string): Promise<z.infer<typeof apiKeyPage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(ApiKey, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        where: createdBy === undefined ? {} : { createdBy },
        orderBy: { createdAt: 'asc', apiKeyId: 'asc' },
      });
      return pageFound(found, shown, ({ createdAt, apiKeyId }) =>
        cursor.write({ createdAt: exactTime(createdAt), apiKeyId }),
      );
    });
  }
}

function shown({ apiKeyId, name, start, source, scopes, createdBy, ...times }: ApiKey) {
  return {
    ...{ apiKeyId, name, start, source, scopes, createdBy },
    createdAt: instant(times.createdAt).toISOString(),
    expiresAt: isoOrNull(times.expiresAt),
    lastUsedAt: isoOrNull(times.lastUsedAt),
    revokedAt: isoOrNull(times.revokedAt),
  };
}

function isoOrNull(text: string | null | undefined): string | null {
  return text ? instant(text).toISOString() : null;
}
