import { pointerOf } from '../json-pointer.js';
import { holdsCardNumber } from './find-card-number.js';

/** A URL as a person would read it: escapes decoded, also escaped ones, whatever bytes they stand for. */
function readable(text: string): string {
  let read = text;
  for (let round = 0; round < 3 && read.includes('%'); round += 1)
    read = Buffer.from(read, 'utf8')
      .toString('latin1')
      .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replaceAll(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'));
  return read;
}

export function pathHoldsCardNumber(path: string): boolean {
  return holdsCardNumber(readable(path));
}

/** In a name or a value of a query, where `+` stands for a space. */
export function queryTextHoldsCardNumber(text: string): boolean {
  return holdsCardNumber(readable(text.replaceAll('+', ' ')));
}

/** The name of a field as a handler reads it. */
function decoded(name: string): string {
  return [...new URLSearchParams(`${name}=`).keys()].join('');
}

/** JSON pointers to what holds a card number in a URL: to the field of the query; to the whole where it is the path, or a field's name. */
export function cardNumbersInUrl(url: string): string[] {
  const [path = '', ...queries] = url.split('?');
  const fields = queries
    .join('?')
    .split('&')
    .flatMap((field) => {
      const [name = '', ...values] = field.split('=');
      if (queryTextHoldsCardNumber(name)) return [''];
      return queryTextHoldsCardNumber(values.join('=')) ? [pointerOf([decoded(name)])] : [];
    });
  return [...new Set([...(pathHoldsCardNumber(path) ? [''] : []), ...fields])];
}
