import { globSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ServiceName, serviceNames } from '@vouchsafe/contracts';
import type { DomainEvent, Rejected } from '@vouchsafe/event-sourcing';
import { type Aggregate, aggregate, EventStore } from '@vouchsafe/event-store';
import { Database } from '@vouchsafe/database';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { publishingOf } from '../tools/data/publishing.ts';
import type { SystemUnderTest } from './system/running-system.ts';

/** A service's event store, opened beside the running service. */
export interface Store {
  readonly name: ServiceName;
  readonly database: Database;
  readonly vault: Vault;
  readonly events: EventStore;
}

export interface Stream {
  readonly stream: string;
  readonly organizationId: string;
  readonly types: readonly string[];
  readonly count: number;
}

export async function openStores({
  adminUrl,
  secrets,
}: SystemUnderTest): Promise<{ readonly all: readonly Store[]; close(): Promise<void> }> {
  const { host } = new URL(adminUrl);
  const all = await Promise.all(
    serviceNames.map(async (name): Promise<Store> => {
      const vault = new Vault({
        provider: await localKeyProvider(secrets.kekFile(name)),
        environment: 'testing',
        now: () => new Date(),
      });
      const database = new Database({
        ...{ service: name, url: `postgres://${host}/${name}`, poolSize: 2 },
        password: (role) => secrets.databasePassword(name, role),
      });
      return { name, database, vault, events: new EventStore({ database, vault }) };
    }),
  );
  return {
    all,
    close: async () => {
      for (const { database } of all) await database.close();
    },
  };
}

export async function streamsOf({ database }: Store): Promise<Stream[]> {
  return database.asWorker((sql) =>
    sql.query<Stream>(
      `select stream, (array_agg(organization_id))[1] as "organizationId", array_agg(distinct type) as types,
         count(*)::int as count
       from event group by stream order by stream`,
    ),
  );
}

/** Reads a stream by the catalog that lists its types. @returns how many of its events came */
export async function readStream(
  root: string,
  store: Store,
  { stream, organizationId, types }: Stream,
): Promise<number> {
  const publishing = await publishingOf(root, store.name);
  const found = publishing.find(({ catalog }) => types.every((type) => type in catalog.definitions));
  if (!found) throw new Error(`No catalog of ${store.name} lists ${types.join(', ')}`);
  const [category = '', ...id] = stream.split('-');
  const counting = aggregate<number, never, DomainEvent, Rejected>({
    ...{ category, catalog: found.catalog },
    decider: { initial: 0, decide: () => [], evolve: (count) => count + 1 },
  });
  return (await load(store, organizationId, counting, id.join('-'))).state;
}

/** Brings every stream that has a decider to its state. @returns the first parts of the names of those that have none */
export async function refold(root: string, store: Store) {
  const files = globSync(path.join(root, 'services/identity/dist/*/*.aggregate.js'));
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(file).href)));
  const aggregates = (modules as Record<string, Aggregate<unknown, never, DomainEvent, Rejected>>[])
    .flatMap((module) => Object.values(module))
    .sort((a, b) => b.category.length - a.category.length);
  const failed: string[] = [];
  const left = new Set<string>();
  let folded = 0;
  for (const { stream, organizationId, types } of await streamsOf(store)) {
    const found = aggregates.find(
      ({ category, catalog }) =>
        stream.startsWith(`${category}-`) && types.every((type) => type in catalog.definitions),
    );
    if (!found) {
      left.add(
        stream.startsWith('erasure-receipt-') ? 'erasure-receipt' : stream.split('-').slice(0, 2).join('-'),
      );
      continue;
    }
    try {
      await load(store, organizationId, found, stream.slice(found.category.length + 1));
      folded += 1;
    } catch (error) {
      failed.push(`${types.join(', ')}: ${String(error)}`);
    }
  }
  return { folded, failed, left: [...left].sort() };
}

function load<State>(
  { database, events }: Store,
  organizationId: string,
  of: Aggregate<State, never, DomainEvent, Rejected>,
  id: string,
): Promise<{ readonly state: State }> {
  const envelope = { actor: { type: 'staff', id: 'test' }, occurredAt: new Date(), requestId: null } as const;
  return database.asWorker((sql) => events.unit(sql, organizationId, envelope).load(of, id));
}
