/** @promise P17 says which field of a URL holds a card number, and repeats nothing of it */
import { expect, it } from '@jest/globals';
import { cardNumbersInUrl } from './card-numbers-in-url.js';

const card = '4242424242424242';

it.each([
  ['a field', `/v1/x?card=${card}`, ['/card']],
  ['a field whose name is escaped', `/v1/x?a%20b+c=${card}`, ['/a b c']],
  ['a field whose name has the signs of a pointer', `/v1/x?a/b~c%2Fd=${card}`, ['/a~1b~0c~1d']],
  ['a field whose name is no text', `/v1/x?%ff=${card}`, ['/\ufffd']],
  ['a field without a name', `/v1/x?=${card}`, ['/']],
  ['the whole, where the name is too long to repeat', `/v1/x?${'n'.repeat(300)}=${card}`, ['']],
  ['the whole, where the number is the name', `/v1/x?${card}=1`, ['']],
  ['the whole, where it is in the path', `/v1/${card}`, ['']],
  ['nothing', '/v1/x?card=42', []],
])('points to %s', (_, url, pointers) => {
  expect(cardNumbersInUrl(url)).toEqual(pointers);
});
