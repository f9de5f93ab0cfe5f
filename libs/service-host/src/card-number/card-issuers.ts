/** The numbers of payment cards by their first digits: from, to, and how many digits a whole number has (ISO/IEC 7812-1; issuers' own pages). */
const ranges: readonly (readonly [from: string, to: string, lengths: readonly number[]])[] = [
  // Visa
  ['4', '4', [13, 16, 19]],
  // Mastercard
  ['51', '55', [16]],
  ['2221', '2720', [16]],
  // American Express
  ['34', '34', [15]],
  ['37', '37', [15]],
  // Diners Club
  ['300', '305', [14, 16, 17, 18, 19]],
  ['3095', '3095', [14, 16, 17, 18, 19]],
  ['36', '36', [14, 15, 16, 17, 18, 19]],
  ['38', '39', [14, 16, 17, 18, 19]],
  // JCB
  ['3528', '3589', [16, 17, 18, 19]],
  ['2131', '2131', [15]],
  ['1800', '1800', [15]],
  // Discover, RuPay, Hipercard, Elo
  ['60', '60', [16, 17, 18, 19]],
  ['644', '659', [16, 17, 18, 19]],
  // UnionPay and Discover
  ['62', '62', [16, 17, 18, 19]],
  ['8100', '8171', [16, 17, 18, 19]],
  // Maestro, Elo, Verve
  ['50', '50', [13, 14, 15, 16, 17, 18, 19]],
  ['56', '58', [13, 14, 15, 16, 17, 18, 19]],
  ['63', '63', [13, 14, 15, 16, 17, 18, 19]],
  ['67', '67', [13, 14, 15, 16, 17, 18, 19]],
  // Mir
  ['2200', '2204', [16, 17, 18, 19]],
  // RuPay
  ['8172', '8299', [16]],
  // Troy
  ['9792', '9792', [16]],
];

export const FEWEST_DIGITS = 13;
export const MOST_DIGITS = 19;

/** Whether digits are what an issuer of cards gives out: its prefix, its length, and the check digit. */
export function isCardNumber(digits: string): boolean {
  return isIssued(digits) && hasLuhnDigit(digits);
}

function isIssued(digits: string): boolean {
  return ranges.some(([from, to, lengths]) => {
    const prefix = digits.slice(0, from.length);
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}

/** ISO/IEC 7812-1, annex B. */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let nth = 1; nth <= digits.length; nth += 1) {
    const digit = Number(digits.charAt(digits.length - nth));
    const weighed = nth % 2 === 0 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
