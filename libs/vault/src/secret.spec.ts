/** @promise P22 every way of printing a secret */
import { format, inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { secret } from './index.js';

const text = 'vs_live_1a2b3c';

describe('a secret (P22)', () => {
  it.each([
    ['String()', () => String(secret(text))],
    ['a template', () => `Bearer ${secret(text) as unknown as string}`],
    ['concatenation', () => 'Bearer ' + (secret(text) as unknown as string)],
    ['JSON', () => JSON.stringify({ key: secret(text), all: [secret(text)] })],
    ['inspect', () => inspect({ key: secret(text) }, { showHidden: true, depth: null })],
    ['format', () => format('%s %j %o %O', ...Array.from({ length: 4 }, () => secret(text)))],
    ['an error', () => inspect(new Error(`No: ${secret(text).toString()}`, { cause: secret(text) }))],
    ['a copy of its properties', () => inspect(Object.assign({}, secret(text)))],
    ['a clone', () => inspect(structuredClone(secret(text)))],
    ['a log line', () => logged({ key: secret(text), deep: { key: [secret(text)] } })],
  ])('does not show in %s', (_way, print) => {
    expect(print()).not.toContain(text);
  });

  it('says in its place that it was left out', () => {
    expect([String(secret(text)), JSON.stringify(secret(text)), inspect(secret(text))]).toEqual([
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ]);
  });

  it('gives its text to those who ask for it', () => {
    expect(secret(text).reveal()).toBe(text);
  });
});

function logged(fields: object): string {
  const lines: string[] = [];
  pino({}, { write: (line) => lines.push(line) }).info(fields, 'sent');
  expect(lines).toHaveLength(1);
  return lines.join('');
}
