import { quote } from '../problem.js';

const MOST_CHARACTERS = 300;

/**
 * Text of a bundle, or of whoever named its file, as a terminal may have it: what is not printable (control characters,
 * marks that turn the direction of writing, line separators) is written out, so that no bundle can speak in our name.
 */
export function shown(text: string): string {
  const visible = text
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
    .replaceAll(
      /[\p{C}\p{Zl}\p{Zp}]/gu,
      (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
    );
  return text.length > MOST_CHARACTERS ? `${visible}...` : visible;
}

/** What a bundle or document says in its own words, between marks that it cannot end. */
export function quoted(text: string): string {
  return `"${shown(quote(text).slice(1, -1))}"`;
}
