import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

interface LintResult {
  readonly messages: readonly { readonly ruleId: string | null; readonly line: number }[];
}

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

describe('pure code', () => {
  const found = lint([...impure, ...pure].join('\n'), 'libs/event-sourcing/src/ids.ts');

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
  const code = `import { decider } from '@vouchsafe/event-sourcing';\nexport const [made, at] = [decider, Date.now()];`;
  const linesRefused = (file: string) =>
    lint(code, file).flatMap(({ ruleId, line }) => (ruleId === 'no-restricted-syntax' ? [line] : []));
  const elsewhere = linesRefused('services/identity/src/user/accounts.ts');
  const inPlace = linesRefused('services/identity/src/user/user.decider.ts');

  it('stands in a file whose name says so, under the rules of pure code', () => {
    expect({ elsewhere, inPlace }).toEqual({ elsewhere: [1], inPlace: [2] });
  });
});

describe('what is bound into stored data', () => {
  const written = [
    `declare const vault: { keyedHash(sql: object, purpose: string, value: string): Promise<Buffer> };`,
    `export const hash = (value: string) => vault.keyedHash({}, 'attempts', value);`,
    `export function contextOf(id: string): readonly string[] { return ['row', id]; }`,
    `export function signingKeyContext(id: string): readonly string[] { return ['signing-key', id]; }`,
    `export function fine(id: string): readonly string[] { return ['anything', id]; }`,
  ].join('\n');

  it.each(['services/identity/src/user/accounts.ts', 'libs/messaging/src/consumer/dead-letter-data.ts'])(
    'is refused as a literal in %s',
    (file) => {
      const lines = lint(written, file).flatMap(({ ruleId, line }) =>
        ruleId === 'no-restricted-syntax' ? [line] : [],
      );
      expect(lines).toEqual([2, 3, 4]);
    },
  );

  it('is refused as a literal in the vault', () => {
    const text = `import { associatedData } from './aead.js';\nexport const bound = associatedData(['vouchsafe-value-v1', 'x']);`;
    expect(lint(text, 'libs/vault/src/values.ts')).toContainEqual(
      expect.objectContaining({ ruleId: 'no-restricted-syntax', line: 2 }),
    );
  });
});

/** Lints a text as if it stood in that file. */
function lint(text: string, file: string): LintResult['messages'] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      path.join(root, 'node_modules/eslint/bin/eslint.js'),
      '--stdin',
      '--stdin-filename',
      file,
      '--format',
      'json',
    ],
    { cwd: root, input: text, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
  );
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as LintResult[])[0]?.messages ?? [];
}
