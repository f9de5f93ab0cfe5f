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
    own('src/dead-letters.ts', source.deadLetters(names)),
    own('src/persistence/migrations.ts', source.migrations(names)),
    ...sliceFiles(name, name).map(({ path, text }) => own(`src/${path}`, text)),
    contract('index', contracts.index(names)),
    contract(name, contracts.ofNoun(names)),
    ...contracts.ofEveryService(names).map(([file, text]) => contract(file, text)),
    { path: `tests/operations/${name}.ts`, text: contracts.requests(names) },
  ];
}
