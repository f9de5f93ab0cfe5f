import { shown } from './shown.js';

/**
 * What the check of a signed document found, for a person to read.
 * @param without a key: against what it holds at most
 */
export function verdictInPlainWords(
  file: string,
  status: 'holds' | 'holds-by-its-own-keys',
  without: 'BY ITS OWN WORDS' | 'AGAINST THE KEY INSIDE IT',
  facts: readonly string[],
): string {
  const name = shown(file);
  const verdict =
    status === 'holds'
      ? `${name} HOLDS, against the keys that you gave.\n`
      : `${name} holds ONLY ${without}: anyone can make such a file, and its signature was not checked.\n` +
        `Get the operator's keys from another source, and give them with --vkey.\n`;
  return verdict + facts.map((fact) => `- ${fact}\n`).join('');
}
