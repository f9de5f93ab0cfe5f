import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf } from './files.ts';

/** A promise as tools/docs/promises.json says it. */
export interface PublishedPromise {
  readonly promise: string;
  readonly state: 'kept' | 'in part' | 'not in this version';
  /** What of it is not in this version. */
  readonly missing?: string;
}
export type Promises = Readonly<Record<string, PublishedPromise>>;

/** What a file says of itself: `@promise P09 <what it does for it>` in a comment, `@promise P09 (main) ...` where a reader begins. */
export interface Declaration {
  readonly id: string;
  readonly file: string;
  readonly isMain: boolean;
  readonly says: string;
}

export function publishedPromises(root: string): Promises {
  return JSON.parse(readFileSync(path.join(root, 'tools/docs/promises.json'), 'utf8')) as Promises;
}

/** Of every TypeScript file of the repository, in the order of the files' names; for each promise its main file first. */
export function declarations(root: string): Declaration[] {
  return filesOf(root, '{libs,services,tests,tools}/**/*.ts')
    .flatMap((file) => declarationsIn(file, readFileSync(path.join(root, file), 'utf8')))
    .sort((a, b) => Number(b.isMain) - Number(a.isMain));
}

/** A declaration, of one promise or several, begins a line of a comment, and goes on to the next tag, blank line or the comment's end. */
export function declarationsIn(file: string, text: string): Declaration[] {
  const comments = text.match(/\/\*\*[^]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const lines = comment.slice(3, -2).replace(/^[ \t]*\* ?/gm, '');
    return [
      ...lines.matchAll(
        /^ ?@promise\b(?: +(P\d\d(?:, P\d\d)*))?(?: +\((main)\))?([^]*?)(?=^ ?@|^\s*$|$(?![^]))/gm,
      ),
    ].flatMap(([, ids = '', main, says = '']) =>
      ids.split(', ').map((id) => ({
        ...{ id, file, isMain: main !== undefined },
        says: says.trim().replace(/\s+/g, ' '),
      })),
    );
  });
}

function isTest({ file }: Pick<Declaration, 'file'>): boolean {
  return file.endsWith('.spec.ts') || file.startsWith('tests/');
}

/** Where declarations and the list of promises do not agree, a sentence each. */
export function faultsOf(promises: Promises, declared: readonly Declaration[]): string[] {
  const faults = declared.flatMap(({ id, file, says }) => [
    ...(id in promises ? [] : [`${file} declares ${id || 'no promise'}, which promises.json does not have`]),
    ...(says === '' ? [`${file} does not say what it does for ${id}`] : []),
  ]);
  for (const [id, { state, missing }] of Object.entries(promises)) {
    const own = declared.filter((one) => one.id === id);
    const code = own.filter((one) => !isTest(one));
    const files = own.map(({ file }) => file);
    for (const file of new Set(files.filter((one, at) => files.indexOf(one) !== at)))
      faults.push(`${file} declares ${id} twice`);
    if (state === 'not in this version') {
      for (const file of files) faults.push(`${file} declares ${id}, which is not in this version`);
    } else {
      if (code.length === 0) faults.push(`No file carries out ${id}`);
      else if (code.filter(({ isMain }) => isMain).length !== 1) faults.push(`${id} has one main file`);
      if (code.length === own.length) faults.push(`No test shows ${id}`);
      if (own.some((one) => isTest(one) && one.isMain)) faults.push(`A test is not the main file of ${id}`);
    }
    if (state !== 'kept' && !missing) faults.push(`promises.json does not say what of ${id} is missing`);
  }
  return faults;
}

/** The table of ARCHITECTURE.md. */
export function promisesTable(promises: Promises, declared: readonly Declaration[]): string {
  const rows = Object.entries(promises).map(([id, { promise, state }]) => {
    const { code, tests } = ofPromise(id, declared, ({ file }) => `[${shortened(file)}](${file})`);
    const kept = state === 'kept' ? code : [...(state === 'in part' ? code : []), state];
    const name = `[${id}](docs/promises.md#${id.toLowerCase()})`;
    return `| ${name} | ${promise} | ${kept.join('<br>')} | ${tests.join('<br>')} |`;
  });
  return ['| id | promise | carried out in | shown by |', '|---|---|---|---|', ...rows].join('\n');
}

/** docs/promises.md, below its introduction: each promise with what each file does for it. */
export function promisesPage(promises: Promises, declared: readonly Declaration[]): string {
  return Object.entries(promises)
    .map(([id, { promise, state, missing }]) => {
      const { code, tests } = ofPromise(
        id,
        declared,
        ({ file, says }) => `- [${shortened(file)}](../${file}): ${says}`,
      );
      return [
        `## ${id}`,
        `${promise}.`,
        `**${words[state]}** ${missing ?? ''}`.trim(),
        ...(code.length > 0 ? [`Carried out by\n\n${code.join('\n')}`] : []),
        ...(tests.length > 0 ? [`Shown by\n\n${tests.join('\n')}`] : []),
      ].join('\n\n');
    })
    .join('\n\n');
}

/** Lines about the files that declare a promise: those that carry it out, and those that show it. */
function ofPromise(
  id: string,
  declared: readonly Declaration[],
  written: (declaration: Declaration) => string,
): { readonly code: string[]; readonly tests: string[] } {
  const own = declared.filter((one) => one.id === id);
  return {
    code: own.filter((one) => !isTest(one)).map(written),
    tests: own.filter(isTest).map(written),
  };
}

const words = {
  kept: 'Kept.',
  'in part': 'Kept in part.',
  'not in this version': 'Not in this version.',
} as const;

function shortened(file: string): string {
  return file.replace('/src/', '/…/').replace(/\.ts$/, '');
}
