import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { innerServiceNames, serviceNames } from '@vouchsafe/contracts';
import { filesOf } from '../docs/files.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folders = (below: string) =>
  readdirSync(path.join(root, below), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** What stays as it is written: sets of three in what is stored and told, of the time when there were no more. */
const frozen = new Set([
  'libs/contracts/src/identity/erasure.ts',
  'services/identity/src/erasure/erasure.events.ts',
  'services/identity/src/erasure/erasure.published.ts',
]);

/** Lists in square brackets that name every service. */
function listsIn(text: string): string[] {
  const lists = text.match(/\[[^[\]]*\]/g) ?? [];
  return lists.filter((list) => serviceNames.every((name) => new RegExp(`['"]${name}['"]`).test(list)));
}

describe('the list of services', () => {
  it('names every folder that there is, of services and of contracts, and no other', () => {
    expect(folders('services').toSorted()).toEqual(serviceNames.toSorted());
    expect(folders('libs/contracts/src').toSorted()).toEqual(serviceNames.toSorted());
  });

  it('has the documents and the tries of every service behind the public one', () => {
    const missing = innerServiceNames
      .flatMap((name) => [`services/${name}/golden/openapi.json`, `tests/operations/${name}.ts`])
      .filter((file) => !existsSync(path.join(root, file)));
    expect(missing).toEqual([]);
  });

  it('is written once: no other file names them all', () => {
    const files = filesOf(root, '{libs,services,tests,tools,benchmarks}/**/*.{ts,mjs}');
    expect(files.length).toBeGreaterThan(400);
    const others = files.filter((file) => listsIn(readFileSync(path.join(root, file), 'utf8')).length > 0);
    expect(others.filter((file) => !frozen.has(file))).toEqual([]);
  });

  it('would be found elsewhere', () => {
    const planted = `const all = [${serviceNames.map((name) => JSON.stringify(name)).join(', ')}] as const;`;
    expect(listsIn(planted)).toHaveLength(1);
    expect(listsIn(`const some = ['gateway', 'billing'];`)).toEqual([]);
  });
});
