/**
 * @promise P30 a service's part of the data that an organization gets back: asked for by lifecycle alone
 * @promise P10 and of what a person gets a copy of
 */
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Database } from '@vouchsafe/database';
import { z } from 'zod';
import { Caller } from '../caller.js';
import { cursorText } from '../inputs.js';
import { Operation } from '../operation.js';
import { nextCursor } from '../paging.js';
import { problem } from '../problems.js';
import { type DataStore, DATA_STORES } from './data-store.js';
import { libraryStores } from './library-stores.js';
import {
  type AccessTable,
  callerFor,
  nothingReturned,
  type ReturnedEntity,
  returnedPerson,
  returnedTable,
} from './returned.js';

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
const whose = z.strictObject({
  of: z.enum(['organization', 'person']).describe('Whose archive: of a whole organization, or of one person'),
});
const question = z.strictObject({
  organizationId: z.uuid(),
  person: returnedPerson.nullable().describe('Whose rows alone; null for all of the organization'),
  limit: z.int().min(1).max(1000).default(200).describe('Largest number of rows in a page'),
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
      'The tables that this service returns to an organization or a person, and the stores of which it returns nothing',
    answers: { 200: returnedCatalog },
  })
  describe(
    @Caller() caller: Caller,
    @Query({ schema: whose }) { of }: z.output<typeof whose>,
  ): ReturnedCatalog {
    assertLifecycle(caller);
    const stores = [...this.stores(), ...libraryStores(this.database)];
    if (of === 'person')
      return {
        tables: this.accessTables().map(({ page: _, shows: __, ...table }) => table),
        nothing: stores.flatMap(({ name, access }) =>
          'nothing' in access
            ? [{ store: name, because: nothingReturned[access.nothing] }]
            : Object.entries(access.withheld ?? {}).map(([place, because]) => ({
                ...{ store: `${name}.${place}`, because: nothingReturned[because] },
              })),
        ),
      };
    return {
      tables: this.entities().map(({ page: _, ...table }) => table),
      nothing: stores.flatMap(({ name: store, returned }) =>
        'nothing' in returned ? [{ store, because: nothingReturned[returned.nothing] }] : [],
      ),
    };
  }

  /** The question is in the body: an id of a person stands in no URL that is logged. */
  @Post(':table')
  @HttpCode(200)
  @Operation({
    permission: 'service',
    operation: 'returned-data.read',
    entity: { type: 'organization', id: null },
    effect: 'read',
    summary: 'A page of the rows that an organization, or a person, gets of one table',
    answers: { 200: returnedRows },
    problems: ['not-found'],
  })
  async read(
    @Caller() caller: Caller,
    @Param({ schema: path }) { table }: z.output<typeof path>,
    @Body({ schema: question }) asked: z.output<typeof question>,
  ): Promise<{ rows: object[]; next: string | null }> {
    assertLifecycle(caller);
    const { organizationId, person, limit, cursor, from, to } = asked;
    const page = {
      caller: callerFor(organizationId, this.database.service),
      ...{ organizationId, limit, cursor, from, to },
    };
    const { items, next } = person
      ? await named(this.accessTables(), table).page({ ...page, person })
      : await named(this.entities(), table).page(page);
    return { rows: [...items], next };
  }

  /** The service's own module provides them. */
  private stores(): readonly DataStore[] {
    return this.modules.get<readonly DataStore[]>(DATA_STORES, { strict: false });
  }

  private accessTables(): AccessTable[] {
    return this.stores().flatMap(({ access }) => ('nothing' in access ? [] : [...access.tables]));
  }

  private entities(): ReturnedEntity[] {
    return this.stores().flatMap(({ returned }) => ('nothing' in returned ? [] : [...returned]));
  }
}

function named<Table extends { readonly name: string }>(tables: readonly Table[], wanted: string): Table {
  const table = tables.find(({ name }) => name === wanted);
  if (!table) throw problem('not-found');
  return table;
}

/** Every service has a key, and none but lifecycle has a reason to read whole organizations. */
function assertLifecycle({ actor }: Caller): void {
  if (actor.id !== ASKS) throw problem('forbidden', { detail: `Only ${ASKS} can do this` });
}
