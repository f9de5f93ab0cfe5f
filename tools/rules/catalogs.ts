import { globSync } from 'node:fs';
import path from 'node:path';
import type { EventCatalog } from '@vouchsafe/event-sourcing';
import { type Slice, sliceOf } from './catalog-rules.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Every folder of a service that has events. */
export async function everySlice(): Promise<Slice[]> {
  const folders = new Set(
    globSync('services/*/src/**/*.events.ts', { cwd: root }).map((file) => path.dirname(file)),
  );
  return Promise.all(
    [...folders].sort().map(async (folder) => {
      const files = globSync(`${folder}/*.{events,decider}.ts`, { cwd: root });
      return sliceOf(folder, await Promise.all(files.sort().map(load)));
    }),
  );
}

/** What each service gives to its relay: `<service>.publishing.ts`. */
export async function everyRelayedCatalog(): Promise<EventCatalog[]> {
  const modules = await Promise.all(globSync('services/*/src/*.publishing.ts', { cwd: root }).map(load));
  return modules
    .flatMap((module) => Object.values(module))
    .filter((exported) => Array.isArray(exported))
    .flatMap((list: { catalog: EventCatalog }[]) => list.map(({ catalog }) => catalog));
}

function load(file: string): Promise<Record<string, unknown>> {
  return import(path.join(root, file)) as Promise<Record<string, unknown>>;
}
