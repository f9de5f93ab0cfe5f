/** @promise P30 a service's part of the data that an organization gets back: asked for by lifecycle alone */
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Database } from '@vouchsafe/database';
import { z } from 'zod';
import { Caller } from '../caller.js';
import { cursorText, decimal } from '../inputs.js';
import { Operation } from '../operation.js';
import { nextCursor } from '../paging.js';
import { problem } from '../problems.js';
import { type DataStore, DATA_STORES } from './data-store.js';
import { libraryStores } from './library-stores.js';
import { callerFor, nothingReturned, type ReturnedEntity, returnedTable } from './returned.js';

/** What a service returns, table by table, and of which stores it returns nothing. */
export const returnedCatalog = z.strictObject({
  tables: z.array(returnedTable),
  nothing: z.array(z.strictObject({ store: z.string(), because: z.string() })),
});
export type ReturnedCatalog = z.output<typeof returnedCatalog>;

export const returnedRows = z.strictObject({
  rows: z.array(z.record(z.string(), z.unknown())).describe('As the API shows them'),
  next: nextCursor,
});

const time = z.iso.datetime();
const path = z.strictObject({ table: z.string().max(100).describe('Name of a table of the catalog') });
const query = z.strictObject({
  organizationId: z.uuid(),
  limit: decimal(1, 1000).default(200).describe('Largest number of rows in a page'),
  cursor: cursorText.optional(),
  from: time.optional(),
  to: time.optional(),
});

/** Who puts the archives together. */
const ASKS = 'lifecycle';

@Controller('internal/returned-data')
export class ReturnedDataController {
  constructor(
    private readonly database: Database,
    private readonly modules: ModuleRef,
  ) {}

  @Get()
  @Operation({
    permission: 'service',
    operation: 'returned-data.describe',
    entity: { type: 'organization', id: null },
    effect: 'read',
    summary:
      'The tables that this service returns to an organization, and the stores of which it returns nothing',
    answers: { 200: returnedCatalog },
  })
  describe(@Caller() caller: Caller): ReturnedCatalog {
    assertLifecycle(caller);
    const stores = [...this.stores(), ...libraryStores(this.database)];
    return {
      tables: this.entities().map(({ page: _, ...table }) => table),
      nothing: stores.flatMap(({ name: store, returned }) =>
        'nothing' in returned ? [{ store, because: nothingReturned[returned.nothing] }] : [],
      ),
    };
  }

  @Get(':table')
  @Operation({
    permission: 'service',
    operation: 'returned-data.read',
    entity: { type: 'organization', id: null },
    effect: 'read',
    summary: 'A page of the rows that an organization gets back of one table',
    answers: { 200: returnedRows },
    problems: ['not-found'],
  })
  async read(
    @Caller() caller: Caller,
    @Param({ schema: path }) { table }: z.output<typeof path>,
    @Query({ schema: query }) asked: z.output<typeof query>,
  ): Promise<{ rows: object[]; next: string | null }> {
    assertLifecycle(caller);
    const entity = this.entities().find(({ name }) => name === table);
    if (!entity) throw problem('not-found');
    const { organizationId, limit, cursor, from, to } = asked;
    const { items, next } = await entity.page({
      caller: callerFor(organizationId, this.database.service),
      ...{ organizationId, limit, cursor, from, to },
    });
    return { rows: [...items], next };
  }

  /** The service's own module provides them. */
  private stores(): readonly DataStore[] {
    return this.modules.get<readonly DataStore[]>(DATA_STORES, { strict: false });
  }

  private entities(): ReturnedEntity[] {
    return this.stores().flatMap(({ returned }) => ('nothing' in returned ? [] : [...returned]));
  }
}

/** Every service has a key, and none but lifecycle has a reason to read whole organizations. */
function assertLifecycle({ actor }: Caller): void {
  if (actor.id !== ASKS) throw problem('forbidden', { detail: `Only ${ASKS} can do this` });
}
