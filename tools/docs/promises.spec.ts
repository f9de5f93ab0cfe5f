import { describe, expect, it } from '@jest/globals';
import path from 'node:path';
import {
  type Declaration,
  declarations,
  declarationsIn,
  faultsOf,
  type Promises,
  promisesTable,
  publishedPromises,
} from './promises.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Spelled in two parts: this file declares nothing. */
const TAG = ['@', 'promise'].join('');

const promises: Promises = {
  P01: { promise: 'One', state: 'kept' },
  P02: { promise: 'Two', state: 'in part', missing: 'The half.' },
  P03: { promise: 'Three', state: 'not in this version', missing: 'All.' },
};
const one = (id: string, file: string, more: Partial<Declaration> = {}): Declaration => ({
  ...{ id, file, isMain: false, says: 'does something' },
  ...more,
});
const sound = ['P01', 'P02'].flatMap((id) => [
  one(id, `libs/${id}.ts`, { isMain: true }),
  one(id, `libs/${id}.spec.ts`),
]);

describe('the declarations of promises', () => {
  it('agree with the list of promises', () => {
    expect(faultsOf(publishedPromises(root), declarations(root))).toEqual([]);
  });

  it('are of 34 promises', () => {
    expect(Object.keys(publishedPromises(root))).toHaveLength(34);
  });

  it('are read from comments, a few in one, over several lines', () => {
    const text = [
      `/** ${TAG} P01, P04 is one line */`,
      '/**',
      ' * What the file is.',
      ` * ${TAG} P02 (main) goes`,
      ' *   on',
      ` * ${TAG} P03 ends here`,
      ' *',
      ' * not here',
      ' */',
      `const text = '${TAG} P05 is no comment';`,
    ].join('\n');
    const file = 'libs/a.ts';
    expect(declarationsIn(file, text)).toEqual([
      { id: 'P01', file, isMain: false, says: 'is one line' },
      { id: 'P04', file, isMain: false, says: 'is one line' },
      { id: 'P02', file, isMain: true, says: 'goes on' },
      { id: 'P03', file, isMain: false, says: 'ends here' },
    ]);
  });

  it('lead from the table to each file, the main one first', () => {
    const [, , first, second, third] = promisesTable(promises, sound).split('\n');
    expect(first).toBe(
      '| [P01](docs/promises.md#p01) | One | [libs/P01](libs/P01.ts) | [libs/P01.spec](libs/P01.spec.ts) |',
    );
    expect(second).toContain('[libs/P02](libs/P02.ts)<br>in part');
    expect(third).toBe('| [P03](docs/promises.md#p03) | Three | not in this version |  |');
  });

  it('hold where nothing is planted', () => {
    expect(faultsOf(promises, sound)).toEqual([]);
  });

  it.each<[string, string, Promises, readonly Declaration[]]>([
    [
      'of an unknown promise',
      'which promises.json does not have',
      promises,
      [...sound, one('P99', 'libs/x.ts')],
    ],
    ['of no promise', 'declares no promise', promises, [...sound, one('', 'libs/x.ts')]],
    [
      'that says nothing',
      'libs/x.ts does not say what it does for P01',
      promises,
      [...sound, one('P01', 'libs/x.ts', { says: '' })],
    ],
    [
      'of what is not in this version',
      'libs/x.ts declares P03, which is not in this version',
      promises,
      [...sound, one('P03', 'libs/x.ts')],
    ],
    [
      'twice in a file',
      'libs/P01.spec.ts declares P01 twice',
      promises,
      [...sound, one('P01', 'libs/P01.spec.ts')],
    ],
    [
      'of two main files',
      'P01 has one main file',
      promises,
      [...sound, one('P01', 'libs/x.ts', { isMain: true })],
    ],
    [
      'without a main file',
      'P01 has one main file',
      promises,
      sound.map((each) => ({ ...each, isMain: each.isMain && each.id !== 'P01' })),
    ],
    [
      'of a test as the main file',
      'A test is not the main file of P01',
      promises,
      sound.map((each) => (each.file === 'libs/P01.spec.ts' ? { ...each, isMain: true } : each)),
    ],
    [
      'without a test',
      'No test shows P01',
      promises,
      sound.filter(({ file }) => file !== 'libs/P01.spec.ts'),
    ],
    ['without code', 'No file carries out P01', promises, sound.filter(({ file }) => file !== 'libs/P01.ts')],
    [
      'of a part, where the rest has no words',
      'promises.json does not say what of P02 is missing',
      { ...promises, P02: { promise: 'Two', state: 'in part' } },
      sound,
    ],
  ])('are refused: %s', (_, fault, list, declared) => {
    expect(faultsOf(list, declared).join('\n')).toContain(fault);
  });
});
