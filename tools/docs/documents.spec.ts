import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf } from './files.ts';
import { brokenCitations, brokenLinks, brokenMentions, brokenSources, sourcesOf } from './links.ts';
import { sections, withSections } from './sections.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = filesOf(root, '**/*.md');
const sources = sourcesOf(root);

describe('what is made', () => {
  it.each(Object.keys(sections(root)))('of %s is as the code has it (npm run docs)', (document) => {
    const text = read(document);
    expect(withSections(text, sections(root)[document] ?? {})).toBe(text);
  });

  it('is refused when a section has no place in its document', () => {
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

describe('docs/performance.md', () => {
  it('asks of each figure what its benchmark asks', () => {
    const asked = filesOf(root, 'benchmarks/rows/*.ts').flatMap((row) => {
      const ratios = [...read(row).matchAll(/\batLeast: ([\d./ ]*\d)/g)].map(([, ratio = '']) =>
        ratio.replaceAll(' ', ''),
      );
      return ratios.length === 0 ? [] : [`${path.basename(row, '.ts')}: ${[...new Set(ratios)].join('; ')}`];
    });
    const said = [...read('docs/performance.md').matchAll(/^\| `([\w-]+)` +\| ([^|]+?) +\|/gm)].map(
      ([, row = '', ratios = '']) => `${row}: ${ratios}`,
    );
    expect(said.toSorted()).toEqual(asked.toSorted());
    expect(said).not.toEqual([]);
  });
});

describe('the documents', () => {
  it.each(documents)('%s links and names only what is there', (document) => {
    const text = read(document);
    expect([...brokenLinks(root, document, text), ...brokenMentions(root, document, text)]).toEqual([]);
  });

  // Decisions and changes are of their time.
  it.each(documents.filter((document) => !/^docs\/adr\/|^CHANGELOG|\/releases\//.test(document)))(
    '%s names only source files that are there',
    (document) => {
      expect(brokenSources(read(document).replace(/\]\([^)]*\)/g, ']'), sources)).toEqual([]);
    },
  );

  it('have no page that their index does not name', () => {
    const index = read('docs/README.md');
    const pages = filesOf(root, 'docs/*.md').map((page) => path.basename(page));
    expect(pages.filter((page) => page !== 'README.md' && !index.includes(`](${page})`))).toEqual([]);
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

describe('a comment in code', () => {
  const planted = '/tools/docs/links.spec.ts';

  it('names only pages, headings, decisions and source files that are there', () => {
    expect(sources.length).toBeGreaterThan(500);
    const broken = sources
      .filter((file) => file !== planted)
      .flatMap((file) => brokenCitations(root, read(file), sources).map((cited) => `${file}: ${cited}`));
    expect(broken).toEqual([]);
  });
});
