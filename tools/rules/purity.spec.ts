import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

type Messages = readonly { readonly ruleId: string | null; readonly line: number }[];

/** Lines that pure code must not have; each stands alone on its line. */
const impure = [
  'export const now = new Date();',
  'export const today = Date.now();',
  'export const text = Date();',
  'export const dice = Math.random();',
  `import { randomUUID } from 'node:crypto'; export const id = randomUUID();`,
  'export const since = performance.now();',
  'export const environment = process.env;',
  `export const page = fetch('https://example.com');`,
  'export const id2 = crypto.randomUUID();',
  'export const timer = setTimeout(() => undefined, 1);',
  `console.log('seen');`,
  'export enum Color { Red }',
];
const pure = [
  `export const then = new Date('2026-01-01T00:00:00Z');`,
  'export const half = Math.floor(1 / 2);',
];

const outsideDecider = `import { decider } from '@vouchsafe/event-sourcing';\nexport const [made, at] = [decider, Date.now()];`;
const bound = [
  `declare const vault: { keyedHash(sql: object, purpose: string, value: string): Promise<Buffer> };`,
  `export const hash = (value: string) => vault.keyedHash({}, 'attempts', value);`,
  `export function contextOf(id: string): readonly string[] { return ['row', id]; }`,
  `export function signingKeyContext(id: string): readonly string[] { return ['signing-key', id]; }`,
  `export function fine(id: string): readonly string[] { return ['anything', id]; }`,
].join('\n');

/** Texts, and the files in which each is linted as if it stood there; one process lints them all. */
const linted = lint([
  { file: 'libs/event-sourcing/src/ids.ts', text: [...impure, ...pure].join('\n') },
  { file: 'services/identity/src/user/me.controller.ts', text: outsideDecider },
  { file: 'services/identity/src/user/user.decider.ts', text: outsideDecider },
  { file: 'services/identity/src/user/accounts.ts', text: bound },
  { file: 'libs/messaging/src/consumer/dead-letter-data.ts', text: bound },
  {
    file: 'libs/vault/src/values.ts',
    text: `import { associatedData } from './aead.js';\nexport const bound = associatedData(['vouchsafe-value-v1', 'x']);`,
  },
]);

function messagesIn(file: string): Messages {
  const found = linted.get(file);
  if (!found) throw new Error(`${file} was not linted`);
  return found;
}

function syntaxRefusedIn(file: string): number[] {
  return messagesIn(file).flatMap(({ ruleId, line }) => (ruleId === 'no-restricted-syntax' ? [line] : []));
}

describe('pure code', () => {
  const found = messagesIn('libs/event-sourcing/src/ids.ts');

  it.each(impure.map((code, line) => ({ code, line: line + 1 })))('is refused: $code', ({ line }) => {
    expect(found.filter((message) => message.line === line)).toContainEqual(
      expect.objectContaining({ ruleId: expect.stringMatching(/^no-restricted-(syntax|globals)$/) }),
    );
  });

  it('may compute with a time that it was given', () => {
    expect(
      found.filter(({ line, ruleId }) => line > impure.length && ruleId?.startsWith('no-restricted')),
    ).toEqual([]);
  });
});

describe('a decider', () => {
  const elsewhere = syntaxRefusedIn('services/identity/src/user/me.controller.ts');
  const inPlace = syntaxRefusedIn('services/identity/src/user/user.decider.ts');

  it('stands in a file whose name says so, under the rules of pure code', () => {
    expect({ elsewhere, inPlace }).toEqual({ elsewhere: [1], inPlace: [2] });
  });
});

describe('what is bound into stored data', () => {
  it.each([
    ['services/identity/src/user/accounts.ts', [2, 3, 4]],
    ['libs/messaging/src/consumer/dead-letter-data.ts', [2, 3, 4]],
    ['libs/vault/src/values.ts', [2]],
  ])('is refused as a literal in %s', (file, lines) => {
    expect(syntaxRefusedIn(file)).toEqual(lines);
  });
});

/** @returns what ESLint says of each text, by file */
function lint(texts: readonly { readonly file: string; readonly text: string }[]): Map<string, Messages> {
  const program = `
    import { ESLint } from 'eslint';
    const eslint = new ESLint();
    const messages = [];
    for (const { file, text } of ${JSON.stringify(texts)}) {
      const [result] = await eslint.lintText(text, { filePath: file });
      messages.push([file, result.messages]);
    }
    console.log(JSON.stringify(messages));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  if (stdout === '') throw new Error(stderr);
  return new Map(JSON.parse(stdout) as [string, Messages][]);
}
