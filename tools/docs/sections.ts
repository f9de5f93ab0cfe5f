import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serviceNames, services } from '../../libs/contracts/src/services.ts';
import { permissionTables } from './permissions.ts';
import { declarations, promisesPage, promisesTable, publishedPromises } from './promises.ts';

interface Lib {
  readonly name: string;
  readonly pure: boolean;
  readonly imports: readonly string[];
  readonly holds: string;
}
interface Packages {
  readonly libs: readonly Lib[];
}

/** Sections that are made, not written, by the document that they stand in; each stands between two markers. */
export function sections(root: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const promises = publishedPromises(root);
  const declared = declarations(root);
  return {
    'ARCHITECTURE.md': {
      map: map(read(root, 'tools/rules/packages.json') as Packages),
      promises: promisesTable(promises, declared),
    },
    'docs/permissions.md': { permissions: permissionTables(root) },
    'docs/promises.md': { promises: promisesPage(promises, declared) },
  };
}

/** Puts each section between its markers; throws where a marker is missing. */
export function withSections(text: string, made: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [name, section] of Object.entries(made)) {
    const [begin, end] = [`<!-- ${name}: made by npm run docs -->`, `<!-- end of ${name} -->`];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`The document lacks the markers of ${name}`);
    // Left as it is made: the formatter would align the tables anew.
    const kept = `<!-- prettier-ignore-start -->\n\n${section}\n\n<!-- prettier-ignore-end -->`;
    result = `${result.slice(0, from + begin.length)}\n${kept}\n${result.slice(to)}`;
  }
  return result;
}

/** The packages and who may import whom, drawn from the list that the dependency rules are made of. */
function map({ libs }: Packages): string {
  const direct = libs.flatMap(({ name, imports }) =>
    imports
      .filter((one) => !imports.some((other) => reaches(libs, other, one)))
      .map((one) => `  ${name} --> ${one}`),
  );
  // What no lib imports is what a service can need besides what the others bring along.
  const tops = libs.filter(({ name }) => ['service-host', 'forensic-bundle'].includes(name));
  const lines = [
    '```mermaid',
    'flowchart TD',
    `  subgraph services`,
    ...serviceNames.map((name) => `    ${name}`),
    '  end',
    ...tops.map(({ name }) => `  services --> ${name}`),
    ...direct,
    '```',
    '',
    '| package, lowest first | holds | may import |',
    '|---|---|---|',
    ...libs.map(
      ({ name, pure, imports, holds }) =>
        `| [libs/${name}](libs/${name}) | ${holds}${pure ? ' (pure)' : ''} | ${imports.join(', ') || 'nothing'} |`,
    ),
    ...serviceNames.map(
      (name) =>
        `| [services/${name}](services/${name}) | ${services[name].holds} | libs, never another service |`,
    ),
  ];
  return lines.join('\n');
}

function reaches(libs: readonly Lib[], from: string, to: string): boolean {
  return libs.find(({ name }) => name === from)?.imports.includes(to) ?? false;
}

function read(root: string, file: string): unknown {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
}
