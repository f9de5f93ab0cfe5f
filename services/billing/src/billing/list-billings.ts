import { Injectable } from '@nestjs/common';
import { Database, exactTime, instant } from '@vouchsafe/database';
import { type Caller, cursorOf, organizationOf, page, pageOf, type PageQuery } from '@vouchsafe/service-host';
import { z } from 'zod';

export const billingPage = pageOf(
  z
    .strictObject({
      billingId: z.uuid(),
      createdAt: z.iso.datetime(),
      retiredAt: z.iso.datetime().nullable(),
    })
    .meta({ id: 'Billing' }),
);
const cursor = cursorOf({ createdAt: 'time', billingId: 'id' });

interface Row {
  readonly billing_id: string;
  readonly created_at: string;
  readonly retired_at: string | null;
}

@Injectable()
export class ListBillings {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof billingPage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (sql) => {
      const rows = await sql.query<Row>(
        `select billing_id, created_at, retired_at from billing
         where $1::timestamptz is null or (created_at, billing_id) > ($1, $2::uuid)
         order by created_at, billing_id limit $3`,
        [after?.createdAt ?? null, after?.billingId ?? null, query.limit + 1],
      );
      const { items, next } = page(
        rows,
        query.limit,
        ({ created_at, billing_id }) => ({ createdAt: exactTime(created_at), billingId: billing_id }),
        cursor.write,
      );
      return { items: items.map(shown), next };
    });
  }
}

function shown({ billing_id, created_at, retired_at }: Row) {
  return {
    billingId: billing_id,
    createdAt: instant(created_at).toISOString(),
    retiredAt: retired_at === null ? null : instant(retired_at).toISOString(),
  };
}
