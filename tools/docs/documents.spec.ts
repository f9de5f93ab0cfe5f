import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sections, withSections } from './sections.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: root }),
];

describe('ARCHITECTURE.md', () => {
  it("draws the rooms' map and the promises' table as the code has them (npm run docs writes them)", () => {
    const text = read('ARCHITECTURE.md');
    expect(withSections(text, sections(root))).toBe(text);
  });

  it('leads from each of the promises that this version keeps to its code', () => {
    const rows = new Map(
      sections(root)
        .promises.split('\n')
        .map((row) => [row.slice(2, 5), row]),
    );
    for (const id of ['P02', 'P04', 'P07', 'P12', 'P15', 'P18', 'P19', 'P22', 'P23', 'P24', 'P26', 'P28']) {
      expect(rows.get(id)).toMatch(/\]\((libs|services)\//);
    }
  });

  it('is refused when a section has no place in it', () => {
    expect(() => withSections('# Nothing', { map: 'x' })).toThrow('markers of map');
  });
});

describe('README.md', () => {
  it('names the versions of client generators, and the configuration, that the tests use', () => {
    const text = read('README.md');
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: Record<string, string>;
    };
    for (const name of ['typescript', '@hey-api/openapi-ts'])
      expect(text).toContain(`-p ${name}@${devDependencies[name] ?? ''} `);
    const python = read('tests/clients/python.ts');
    for (const pattern of [/openapi-python-client==[\d.]+/, /content_type_overrides:[\w/:\\ -]+/]) {
      const [used = 'nothing'] = pattern.exec(python) ?? [];
      expect(text).toContain(used);
    }
  });

  it('names each level of the log that a service takes', () => {
    const [, taken = ''] =
      /VOUCHSAFE_LOG_LEVEL: z\.enum\(\[([^\]]+)\]/.exec(read('libs/service-host/src/config.ts')) ?? [];
    const [, named = ''] = /`VOUCHSAFE_LOG_LEVEL` *\| (.*?) *\|/.exec(read('README.md')) ?? [];
    expect(named.replaceAll('`', "'")).toBe(taken);
  });
});

describe('the documents', () => {
  it.each(documents)('%s links only to what is there', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(
      ([, link]) => link ?? '',
    );
    const broken = links.filter((link) => !existsSync(path.resolve(root, path.dirname(document), link)));
    expect(broken).toEqual([]);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'])(
    '%s names only commands that exist',
    (document) => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
      const named = [...read(document).matchAll(/\bnpm (?:run ([a-z:-]+)|(start|test)\b)/g)].map(
        ([, run, short]) => run ?? short ?? '',
      );
      expect(named.filter((name) => !(name in scripts))).toEqual([]);
    },
  );
});
