import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf } from './files.ts';

/** Relative links of a Markdown document that lead to no file, or to no heading of it. */
export function brokenLinks(root: string, document: string, text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\((?![a-z]+:)([^)\s]+)|^\[[^\]]+\]: *(?![a-z]+:)(\S+)/gm)]
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? document : path.join(path.dirname(document), decodeURI(file));
      return !leadsSomewhere(root, target, anchor, file === '' ? text : undefined);
    });
}

/**
 * What the comments of a source file name and what is not there: `docs/bus.md`, `docs/bus.md, 'Lanes'`, `ADR 0031`, `purity.spec.ts`.
 * Pages are named by their path from the root, source files by their name or the end of their path.
 */
export function brokenCitations(root: string, text: string, sources = sourcesOf(root)): string[] {
  return commentsIn(text).flatMap((comment) => [
    ...citationsIn(root, comment, ''),
    ...brokenSources(comment, sources),
  ]);
}

/** Every source file, as `brokenCitations` and `brokenSources` look for them. */
export function sourcesOf(root: string): string[] {
  return filesOf(root, '**/*.{ts,mts,mjs,sql}').map((file) => `/${file}`);
}

/** Source files that a text names and that are not there. */
export function brokenSources(text: string, sources: readonly string[]): string[] {
  return [...text.matchAll(/(?<![\w./@*>-])(\w[\w./-]*\.(?:ts|mts|mjs|sql))\b/g)]
    .map(([, named = '']) => named)
    .filter(
      (named) => !MADE.has(path.basename(named)) && !sources.some((file) => file.endsWith(`/${named}`)),
    );
}

/** By `npm run verifier`. */
const MADE = new Set(['vouchsafe-verify.mjs']);

/** The same of the words of a Markdown document, which may name a page of its own folder or of docs/ by the file's name alone. */
export function brokenMentions(root: string, document: string, text: string): string[] {
  return citationsIn(
    root,
    withoutCode(text)
      .replace(/\]\([^)]*\)/g, ']')
      .replace(/\s+/g, ' '),
    path.dirname(document),
  );
}

/** Of other people's repositories. */
const FOREIGN = new Set(['kafka-protocol-binding.md']);

function citationsIn(root: string, words: string, folder: string): string[] {
  const pages = [...words.matchAll(/(?<![\w./-])([\w./-]*[\w-]\.md)\b(?:,? '([^']+)')?/g)]
    .filter(([, page = '']) => !FOREIGN.has(page))
    .filter(([, page = '', heading]) => {
      const candidates = folder === '' ? [page] : [page, `docs/${page}`, path.join(folder, page)];
      return !candidates.some((candidate) => leadsSomewhere(root, candidate, heading && slugOf(heading)));
    })
    .map(([cited]) => cited);
  const decisions = [...words.matchAll(/\b(?:ADR |docs\/adr\/)(\d{4})\b/g)]
    .filter(([, number = '']) => globSync(`docs/adr/${number}-*.md`, { cwd: root }).length !== 1)
    .map(([cited]) => cited);
  const rules = [...words.matchAll(/ARCHITECTURE\.md, rules? (\d+)|[Rr]ule (\d+) of ARCHITECTURE\.md/g)]
    .filter(([, after, before]) => !ruleNumbers(root).has(after ?? before ?? ''))
    .map(([cited]) => cited);
  return [...pages, ...decisions, ...rules];
}

/** Of the list 'Rules that are checked'. */
function ruleNumbers(root: string): Set<string> {
  const [, list = ''] = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8').split(
    '## Rules that are checked',
  );
  return new Set(
    [...(list.split('\n## ')[0] ?? '').matchAll(/^(\d+)\. /gm)].map(([, number = '']) => number),
  );
}

function leadsSomewhere(root: string, target: string, anchor: string | undefined, text?: string): boolean {
  const file = path.join(root, target);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(text ?? readFileSync(file, 'utf8')).has(anchor);
}

/** The anchors that GitHub gives a document's headings. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let nth = 1; anchors.has(anchor); nth += 1) anchor = `${slug}-${nth}`;
    anchors.add(anchor);
  }
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Of TypeScript, JavaScript and the SQL in it; each on one line. */
function commentsIn(text: string): string[] {
  const comments = text.match(/\/\*[^]*?\*\/|^\s*(?:\/\/|--).*(?:\n\s*(?:\/\/|--).*)*|\s\/\/ .*$/gm) ?? [];
  return comments.map((comment) => comment.replace(/\n\s*(?:\*(?!\/)|\/\/|--)?\s*/g, ' '));
}

function withoutCode(text: string): string {
  return withoutFences(text).replace(/`[^`\n]*`/g, '``');
}

function withoutFences(text: string): string {
  return text.replace(/^( *)(```+|~~~+)[^]*?^\1\2.*$/gm, '');
}
