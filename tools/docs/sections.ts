import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Lib {
  readonly room: string;
  readonly pure: boolean;
  readonly imports: readonly string[];
  readonly holds: string;
}
interface Rooms {
  readonly libs: readonly Lib[];
  readonly services: readonly { readonly room: string; readonly holds: string }[];
}

/** Sections of ARCHITECTURE.md that are made, not written; each stands between two markers. */
export function sections(root: string): Readonly<Record<'map' | 'promises', string>> {
  const rooms = read(root, 'tools/rules/rooms.json') as Rooms;
  return {
    map: map(rooms),
    promises: promisesTable(root, read(root, 'tools/docs/promises.json') as Record<string, string>),
  };
}

/** Puts each section between its markers; throws where a marker is missing. */
export function withSections(text: string, made: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [name, section] of Object.entries(made)) {
    const [begin, end] = [`<!-- ${name}: made by npm run docs -->`, `<!-- end of ${name} -->`];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`ARCHITECTURE.md lacks the markers of ${name}`);
    // Left as it is made: the formatter would align the tables anew.
    const kept = `<!-- prettier-ignore-start -->\n\n${section}\n\n<!-- prettier-ignore-end -->`;
    result = `${result.slice(0, from + begin.length)}\n${kept}\n${result.slice(to)}`;
  }
  return result;
}

/** The rooms and who may import whom, drawn from the list that the dependency rules are made of. */
export function map({ libs, services }: Rooms): string {
  const direct = libs.flatMap(({ room, imports }) =>
    imports
      .filter((one) => !imports.some((other) => reaches(libs, other, one)))
      .map((one) => `  ${room} --> ${one}`),
  );
  // What no lib imports is what a service can need besides what the others bring along.
  const tops = libs.filter(({ room }) => ['service-host', 'forensic-bundle'].includes(room));
  const lines = [
    '```mermaid',
    'flowchart TD',
    `  subgraph services`,
    ...services.map(({ room }) => `    ${room}`),
    '  end',
    ...tops.map(({ room }) => `  services --> ${room}`),
    ...direct,
    '```',
    '',
    '| room, lowest first | holds | may import |',
    '|---|---|---|',
    ...libs.map(
      ({ room, pure, imports, holds }) =>
        `| [libs/${room}](libs/${room}) | ${holds}${pure ? ' (pure)' : ''} | ${imports.join(', ') || 'nothing'} |`,
    ),
    ...services.map(
      ({ room, holds }) =>
        `| [services/${room}](services/${room}) | ${holds} | libs, never another service |`,
    ),
  ];
  return lines.join('\n');
}

function reaches(libs: readonly Lib[], from: string, to: string): boolean {
  return libs.find(({ room }) => room === from)?.imports.includes(to) ?? false;
}

interface Citation {
  readonly file: string;
  readonly count: number;
}

/** Where each promise is carried out and tested: the files whose comments and test names cite it most. */
function promisesTable(root: string, promises: Readonly<Record<string, string>>): string {
  const files = globSync('{libs,services,tests}/**/*.ts', {
    cwd: root,
    exclude: (name) => ['node_modules', 'dist'].includes(name),
  })
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort();
  const texts = files.map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
  const rows = Object.entries(promises).map(([id, promise]) => {
    const citing = texts
      .map(({ file, text }) => ({
        file,
        count: text.match(new RegExp(String.raw`\b${id}\b`, 'g'))?.length ?? 0,
      }))
      .filter(({ count }) => count > 0);
    const isTest = ({ file }: Citation) => /\.spec\.ts$|^tests\//.test(file);
    const code = links(
      citing.filter((one) => !isTest(one) && !/fixture|\/testing\//.test(one.file)),
      4,
    );
    const tests = links(citing.filter(isTest), 2);
    return `| ${id} | ${promise} | ${code || 'not in this version'} | ${tests} |`;
  });
  return ['| id | promise | carried out in | tested in |', '|---|---|---|---|', ...rows].join('\n');
}

function links(citations: readonly Citation[], most: number): string {
  return citations
    .toSorted((a, b) => b.count - a.count || (a.file < b.file ? -1 : 1))
    .slice(0, most)
    .map(({ file }) => `[${shortened(file)}](${file})`)
    .join('<br>');
}

function shortened(file: string): string {
  return file.replace('/src/', '/…/').replace(/\.ts$/, '');
}

function read(root: string, file: string): unknown {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
}
