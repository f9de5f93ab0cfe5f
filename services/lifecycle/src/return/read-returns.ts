import { Injectable } from '@nestjs/common';
import { Database, exactTime } from '@vouchsafe/database';
import {
  type Caller,
  cursorOf,
  organizationOf,
  pageFound,
  pageOf,
  type PageQuery,
  problem,
} from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ReturnRow } from './return.entity.js';
import { returnSummary, type ReturnView, summaryOf, viewOf } from './return.view.js';

export const returnPage = pageOf(returnSummary);
const cursor = cursorOf({ requestedAt: 'time', returnId: 'id' });

@Injectable()
export class ReadReturns {
  constructor(private readonly database: Database) {}

  /** The organization's own, newest first; those that were deleted, too. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof returnPage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(ReturnRow, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        where: { dataRequestId: null },
        orderBy: { requestedAt: 'desc', returnId: 'desc' },
      });
      return pageFound(found, summaryOf, ({ requestedAt, returnId }) =>
        cursor.write({ requestedAt: exactTime(requestedAt), returnId }),
      );
    });
  }

  /** @param dataRequestId the request that the archive answers; null for the organization's own */
  read(caller: Caller, returnId: string, dataRequestId: string | null = null): Promise<ReturnView> {
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const row = await (await transaction.entityManager()).findOne(ReturnRow, { returnId, dataRequestId });
      if (!row) throw problem('not-found');
      return viewOf(transaction, row);
    });
  }
}
