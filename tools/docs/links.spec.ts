import { describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { anchorsOf, brokenCitations, brokenLinks, brokenMentions } from './links.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('a link', () => {
  const broken = (text: string) => brokenLinks(root, 'docs/erasure.md', text);

  it('leads to a file, relative to its document, and to a heading in it', () => {
    expect(
      broken('[a](formats.md) [b](../README.md#start) [c](#here) [d](https://example.com/x)\n\n## Here'),
    ).toEqual([]);
  });

  it.each([
    ['[a](nowhere.md)', 'nowhere.md'],
    ['[a](README.mdx)', 'README.mdx'],
    ['[a](formats.md#no-such-heading)', 'formats.md#no-such-heading'],
    ['[a](#here)', '#here'],
    ['[a]: ../nowhere.md', '../nowhere.md'],
  ])('is found broken: %s', (text, link) => {
    expect(broken(text)).toEqual([link]);
  });

  it('is none in code', () => {
    expect(broken('`[a](nowhere.md)`\n\n```\n[b](nowhere.md)\n```')).toEqual([]);
  });

  it('finds headings as GitHub names them', () => {
    expect([...anchorsOf("# The log's `size`, and more\n## A [b](c.md)\n## A b\n```\n# No\n```")]).toEqual([
      'the-logs-size-and-more',
      'a-b',
      'a-b-1',
    ]);
  });
});

describe('a page that a document names without a link', () => {
  it('is looked for in its own folder, in docs/ and from the root', () => {
    expect(
      brokenMentions(root, 'docs/adr/0001-x.md', "(audit.md, 'The log'), `nowhere.md`, README.md"),
    ).toEqual([]);
    expect(brokenMentions(root, 'docs/adr/0001-x.md', 'as nowhere.md says')).toEqual(['nowhere.md']);
  });
});

describe('a comment', () => {
  it.each([
    ['// as docs/nowhere.md says', 'docs/nowhere.md'],
    ['const a = 1; // as docs/nowhere.md says', 'docs/nowhere.md'],
    ["/** As docs/formats.md, 'No such heading', says. */", "docs/formats.md, 'No such heading'"],
    ["/**\n * As docs/formats.md,\n * 'No such heading', says.\n */", "docs/formats.md, 'No such heading'"],
    ['/* formats.md */', 'formats.md'],
    ['  -- sealed (docs/nowhere.md)', 'docs/nowhere.md'],
    ['// decided in ADR 9999', 'ADR 9999'],
    ['// (nowhere.spec.ts)', 'nowhere.spec.ts'],
    ['// see libs/vault/src/secrets.ts', 'libs/vault/src/secrets.ts'],
    ['// (ARCHITECTURE.md, rule 99)', 'ARCHITECTURE.md, rule 99'],
    ['// Rule 99 of ARCHITECTURE.md', 'Rule 99 of ARCHITECTURE.md'],
  ])('is found to name what is not there: %s', (comment, cited) => {
    expect(brokenCitations(root, comment)).toEqual([cited]);
  });

  it("may name what is there, and other people's pages", () => {
    const comment =
      "/** docs/formats.md, 'Field paths'; ARCHITECTURE.md, rule 4; ADR 0031; kafka-protocol-binding.md; purity.spec.ts; src/jwe.ts; *.events.ts */";
    expect(brokenCitations(root, comment)).toEqual([]);
  });
});
