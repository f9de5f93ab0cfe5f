import { namesOf, type NewFile } from './names.ts';
import * as contracts from './service-contracts.ts';
import * as source from './service-source.ts';
import { sliceFiles } from './slice.ts';

/** A service that boots: its folder, its contracts and the requests for its operations, with one slice named like the service. */
export function serviceFiles(name: string): NewFile[] {
  const names = namesOf(name);
  const own = (file: string, text: string) => ({ path: `services/${name}/${file}`, text });
  const contract = (file: string, text: string) => ({ path: `libs/contracts/src/${name}/${file}.ts`, text });
  return [
    own('package.json', source.manifest(names)),
    own('README.md', source.readme(names)),
    own('src/main.ts', source.main(names)),
    own(`src/${name}.service.ts`, source.service(names)),
    own(`src/${name}.module.ts`, source.module(names)),
    own(`src/${name}.config.ts`, source.config(names)),
    own(`src/${name}.publishing.ts`, source.publishing(names)),
    own(`src/${name}.inventory.ts`, source.inventory(names)),
    own(`src/${name}.inventory.spec.ts`, source.inventorySpec(names)),
    own(`src/${name}.stores.ts`, source.stores(names)),
    own('src/dead-letters.ts', source.deadLetters(names)),
    own('src/persistence/migrations.ts', source.migrations(names)),
    ...sliceFiles(name, name).map(({ path, text }) => own(`src/${path}`, text)),
    contract('index', contracts.index(names)),
    contract(name, contracts.ofNoun(names)),
    ...contracts.ofEveryService(names).map(([file, text]) => contract(file, text)),
    { path: `tests/operations/${name}.ts`, text: contracts.requests(names) },
  ];
}

/** What its author does next. */
export function nextOfService(name: string): string {
  return `Next:
  1. Say in libs/contracts/src/services.ts what ${name} holds, and whose facts it consumes.
  2. Make the slice your own: services/${name}/src/${name}, its contracts in libs/contracts/src/${name}, its tries in tests/operations/${name}.ts.
  3. Choose the permissions of its operations: they ask for organization:read and organization:write. A permission of its own is added in
     libs/service-host/src/permissions.ts, and to roles in services/identity/src/permission/permissions.ts.
  4. Add a line to CHANGELOG.md, which also says that "${name}" is now a reserved first word: customers can no longer record operations such
     as ${name}.read, nor name a source ${name}.
  5. A file that carries out a promise of docs/promises.md says so in a comment, @promise P15 ..., and so does the test that shows it.
  6. npm run golden and npm run docs after each change of an interface, a schema or the list; npm test.`;
}
