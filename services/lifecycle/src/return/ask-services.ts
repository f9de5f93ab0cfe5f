/**
 * @promise P30 every service contributes its tables, page by page
 * @promise P10 and the rows of one person, for the archive of their data
 */
import { Inject, Injectable } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import {
  CONFIG,
  InternalClient,
  originsFor,
  returnedCatalog,
  type ReturnedPerson,
  returnedRows,
} from '@vouchsafe/service-host';
import type { LifecycleConfig } from '../lifecycle.config.js';
import type { ArchivePlan, PlannedTable } from './archive-plan.js';

/** Rows of a page: two, at a time, are in memory. */
const PAGE = 200;
/** A page of large entries takes its time. */
const TIMEOUT_MS = 60_000;

export interface RowsAsked {
  readonly organizationId: string;
  /** Whose rows alone; null for all of the organization. */
  readonly person: ReturnedPerson | null;
  readonly cursor: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

export interface Rows {
  readonly rows: readonly object[];
  readonly next: string | null;
}

/** What is in an archive, and its rows. */
export abstract class ReturnedData {
  abstract plan(of: 'organization' | 'person'): Promise<ArchivePlan>;
  abstract rows(table: PlannedTable, asked: RowsAsked): Promise<Rows>;
}

@Injectable()
export class AskServices extends ReturnedData {
  private readonly origins: Readonly<Record<string, string>>;

  constructor(
    private readonly client: InternalClient,
    @Inject(CONFIG) config: LifecycleConfig,
  ) {
    super();
    this.origins = originsFor('lifecycle', config);
  }

  async plan(of: 'organization' | 'person'): Promise<ArchivePlan> {
    const tables: PlannedTable[] = [];
    const nothing: ArchivePlan['nothing'][number][] = [];
    for (const service of serviceNames) {
      const catalog = await this.client.ask({
        ...{ audience: service, origin: this.originOf(service), path: `/internal/returned-data?of=${of}` },
        answer: returnedCatalog,
        timeoutMs: TIMEOUT_MS,
      });
      tables.push(...catalog.tables.map((table) => ({ ...table, service })));
      nothing.push(...catalog.nothing.map((store) => ({ ...store, service })));
    }
    return { tables, nothing };
  }

  rows({ service, name }: PlannedTable, asked: RowsAsked): Promise<Rows> {
    const { organizationId, person, cursor, from, to } = asked;
    return this.client.ask({
      ...{ audience: service, origin: this.originOf(service) },
      ...{ method: 'POST', path: `/internal/returned-data/${name}` },
      body: {
        ...{ organizationId, person, limit: PAGE },
        ...(cursor !== null && { cursor }),
        ...(from !== null && { from }),
        ...(to !== null && { to }),
      },
      answer: returnedRows,
      timeoutMs: TIMEOUT_MS,
    });
  }

  private originOf(service: string): string {
    const origin = this.origins[service];
    if (origin === undefined) throw new Error(`No URL of ${service} is configured`);
    return origin;
  }
}
