/**
 * Card numbers in the ways that people write them, and what looks like them and is none. Made from a seed, each time the same.
 */
type Draw = () => number;

/** Mulberry32: a few lines whose sequence is the same everywhere. */
function drawing(seed: number): Draw {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Numbers that Stripe publishes for tests (docs.stripe.com/testing), and the long published ones of other issuers. */
export const testCards: readonly string[] = [
  ...['4242424242424242', '4000056655665556', '4000002500003155', '4000000000000002', '4000000000009995'],
  ...['5555555555554444', '2223003122003222', '5200828282828210', '5105105105105100'],
  ...['378282246310005', '371449635398431'],
  ...['6011111111111117', '6011000990139424', '6011981111111113'],
  ...['3056930009020004', '36227206271667', '38520000023237', '30569309025904'],
  ...['3566002020360505', '3530111333300000'],
  ...['6200000000000005', '6200000000000047', '6205500000000000004'],
  ...['6759649826438453', '5018000000000009', '2200000000000053', '4222222222222', '6555900000604105'],
];

const issuers: readonly (readonly [prefix: string, length: number])[] = [
  ...(['4', '51', '52', '53', '54', '55', '2221', '2720', '6011', '644', '65'] as const).map(
    (prefix) => [prefix, 16] as const,
  ),
  ...([
    ['4', 19],
    ['34', 15],
    ['37', 15],
    ['300', 14],
    ['36', 14],
    ['38', 14],
    ['39', 14],
    ['3528', 16],
    ['3589', 16],
    ['62', 16],
    ['62', 19],
    ['8100', 16],
    ['5018', 16],
    ['5893', 16],
    ['6304', 19],
    ['6759', 18],
    ['2200', 16],
    ['6521', 16],
    ['9792', 16],
  ] as const),
];

/** The published ones and `each` of every issuer. */
export function cardNumbers(each: number, seed = 17): string[] {
  const draw = drawing(seed);
  const made = issuers.flatMap(([prefix, length]) =>
    Array.from({ length: each }, () => withLuhnDigit(prefix + digits(draw, length - prefix.length - 1))),
  );
  return [...testCards, ...made];
}

const groupings: Readonly<Record<number, readonly number[]>> = {
  13: [4, 3, 3, 3],
  14: [4, 6, 4],
  15: [4, 6, 5],
};
const scripts = { Arabic: 0x0660, Persian: 0x06f0, Devanagari: 0x0966, Thai: 0x0e50, 'full width': 0xff10 };

/** Ways to write a number, each by its name. */
export const notations: Readonly<Record<string, (number: string) => string>> = {
  'in one run': (number) => number,
  'in a sentence': (number) => `My card is ${number}, valid until 12/27.`,
  'behind a word': (number) => `card${number}`,
  'with an expiry and a code': (number) => `${grouped(number, ' ')} 12/27 123`,
  'with a four-digit expiry': (number) => `${grouped(number, ' ')} 1227`,
  'behind another number': (number) => `12 ${grouped(number, ' ')}`,
  twice: (number) => `${grouped(number, ' ')} ${grouped(number, ' ')}`,
  'each digit for itself': (number) => Array.from(number).join(' '),
  ...Object.fromEntries(
    Object.entries({
      spaces: ' ',
      'no-break spaces': '\u00a0',
      'thin spaces': '\u2009',
      'narrow no-break spaces': '\u202f',
      'ideographic spaces': '\u3000',
      tabs: '\t',
      'line breaks': '\r\n',
      'two spaces': '  ',
      hyphens: '-',
      'no-break hyphens': '\u2011',
      'en dashes': '–',
      'minus signs': '−',
      'dashes and spaces': ' - ',
      points: '.',
      'middle dots': '·',
      slashes: '/',
      underscores: '_',
      'zero-width spaces': '\u200b',
      'soft hyphens': '\u00ad',
      'byte-order marks': '\ufeff',
    }).map(([name, gap]) => [`with ${name}`, (number: string) => grouped(number, gap)]),
  ),
  'with gaps of several kinds': (number) => {
    const gaps = [' ', '-', '.', '\u00a0'];
    return grouped(number, '|').replaceAll('|', () => gaps.shift() ?? ' ');
  },
  ...Object.fromEntries(
    Object.entries(scripts).map(([script, zero]) => [
      `in ${script} digits`,
      (number: string) =>
        Array.from(number)
          .map((digit) => String.fromCodePoint(zero + Number(digit)))
          .join(''),
    ]),
  ),
  'in mathematical digits': (number) =>
    Array.from(number)
      .map((digit) => String.fromCodePoint(0x1d7d8 + Number(digit)))
      .join(''),
  'in superscripts': (number) =>
    Array.from(number)
      .map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit)))
      .join(''),
  'on keycaps': (number) =>
    Array.from(number)
      .map((digit) => `${digit}\ufe0f\u20e3`)
      .join(''),
  'in digits of two scripts': (number) =>
    Array.from(number)
      .map((digit, nth) => (nth % 2 === 0 ? digit : String.fromCodePoint(0x0660 + Number(digit))))
      .join(''),
};

function grouped(number: string, gap: string): string {
  const groups: string[] = [];
  let rest = number;
  for (const length of groupings[number.length] ?? []) {
    groups.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  for (; rest !== ''; rest = rest.slice(4)) groups.push(rest.slice(0, 4));
  return groups.join(gap);
}

/** `count` of each kind of what is no card number. */
export function lookAlikes(count: number, seed = 1717): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, make], nth) => {
      const draw = drawing(seed + nth);
      return [kind, Array.from({ length: count }, () => make(draw))];
    }),
  );
}

const HEX = '0123456789abcdef';
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const BASE62 = BASE64URL.slice(0, 62);
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** 2020 to 2035. */
const [FIRST_DAY, LAST_DAY] = [1_577_836_800_000, 2_051_222_400_000];

const kinds: Readonly<Record<string, (draw: Draw) => string>> = {
  'UUID, version 4': uuid4,
  'UUID, version 7': uuid7,
  'UUID without hyphens': (draw) => uuid4(draw).replaceAll('-', ''),
  'several UUIDs': (draw) => [uuid4(draw), uuid7(draw), uuid4(draw)].join(' '),
  ULID: (draw) => some(draw, CROCKFORD.slice(0, 8), 1) + some(draw, CROCKFORD, 25),
  'ISO 8601, with milliseconds': (draw) => instant(draw).toISOString(),
  'ISO 8601, with nanoseconds and offset': (draw) =>
    `${instant(draw).toISOString().slice(0, 19)}.${digits(draw, 9)}+02:00`,
  'date and time without separators': (draw) => instant(draw).toISOString().replaceAll(/\D/g, ''),
  'range of dates': (draw) =>
    `${instant(draw).toISOString().slice(0, 10)} - ${instant(draw).toISOString().slice(0, 10)}`,
  'seconds since 1970, with a fraction': (draw) =>
    `${Math.floor(instant(draw).getTime() / 1000)}.${digits(draw, 6)}`,
  'milliseconds since 1970': (draw) => String(instant(draw).getTime()),
  'microseconds since 1970': (draw) => `${instant(draw).getTime()}${digits(draw, 3)}`,
  'nanoseconds since 1970': (draw) => `${instant(draw).getTime()}${digits(draw, 6)}`,
  'telephone number, E.164': telephone,
  'telephone number, in groups': (draw) => spaced(telephone(draw)),
  'telephone number, with 00': (draw) => `00${spaced(telephone(draw)).slice(1)}`,
  'telephone number, without plus': (draw) => telephone(draw).slice(1),
  'telephone number, North American': (draw) =>
    `(${2 + below(draw, 8)}${digits(draw, 2)}) ${2 + below(draw, 8)}${digits(draw, 2)}-${digits(draw, 4)} x${digits(draw, 4)}`,
  IBAN: iban,
  'IBAN, in groups of four': (draw) => iban(draw).replaceAll(/(.{4})(?=.)/g, '$1 '),
  'EAN (GTIN-13)': (draw) => withArticleDigit(digits(draw, 12)),
  'EAN of Germany or Japan': (draw) => withArticleDigit(`4${digits(draw, 11)}`),
  'ISBN-13': (draw) => withArticleDigit(`${pick(draw, ['978', '979'])}${digits(draw, 9)}`),
  'ISBN-13, with hyphens': (draw) =>
    withArticleDigit(`978${digits(draw, 9)}`).replace(/^(...)(.)(....)(....)(.)$/, '$1-$2-$3-$4-$5'),
  'IPv4 address': address,
  'IPv4 addresses': (draw) => `${address(draw)} ${address(draw)} ${address(draw)}`,
  'IPv6 address': (draw) => Array.from({ length: 8 }, () => some(draw, HEX, 4)).join(':'),
  'trace context': (draw) => `00-${some(draw, HEX, 32)}-${some(draw, HEX, 16)}-01`,
  'id of a span': (draw) => some(draw, HEX, 16),
  'id of 24 hexadecimal digits': (draw) => some(draw, HEX, 24),
  'MD5, hexadecimal': (draw) => some(draw, HEX, 32),
  'SHA-1, hexadecimal': (draw) => some(draw, HEX, 40),
  'SHA-256, hexadecimal': (draw) => some(draw, HEX, 64),
  'SHA-256, hexadecimal in capitals': (draw) => some(draw, HEX, 64).toUpperCase(),
  'SHA-256, base64url': (draw) => some(draw, BASE64URL, 43),
  'id of Stripe': (draw) =>
    `${pick(draw, ['cus', 'sub', 'in', 'pi', 'pm', 'evt_1', 'price', 'cs_test'])}_${some(draw, BASE62, 24)}`,
  'API key of ours': (draw) => `vsk_${some(draw, BASE64URL, 43)}`,
  'cursor of ours': (draw) =>
    Buffer.from(JSON.stringify({ at: instant(draw).toISOString(), id: uuid7(draw) })).toString('base64url'),
  'recovery code of ours': (draw) => some(draw, BASE32, 24).replaceAll(/(.{6})(?=.)/g, '$1-'),
  'secret for TOTP': (draw) => some(draw, BASE32, 32),
  'amount with thousands': (draw) =>
    `EUR ${Number(digits(draw, 3 + below(draw, 9))).toLocaleString('en-US')}.${digits(draw, 2)}`,
  'amount with spaces': (draw) =>
    `${Number(digits(draw, 3 + below(draw, 9)))
      .toLocaleString('en-US')
      .replaceAll(',', ' ')},${digits(draw, 2)} €`,
  'amount in cents': (draw) => String(below(draw, 1_000_000_000)),
  'decimal fraction': (draw) => String(draw()),
  'latitude and longitude': (draw) => `${draw() * 180 - 90}, ${draw() * 360 - 180}`,
  'order number with a prefix and a year': (draw) => `ORD-20${20 + below(draw, 15)}-${digits(draw, 6)}`,
  'order number of 10 digits': (draw) => digits(draw, 10),
  'invoice number': (draw) => `${some(draw, BASE62.slice(0, 26), 8)}-${digits(draw, 4)}`,
  'order number in groups, as Amazon’s': (draw) => `${digits(draw, 3)}-${digits(draw, 7)}-${digits(draw, 7)}`,
  'order number of 16 digits': (draw) => digits(draw, 16),
  'tracking number of UPS': (draw) => `1Z${some(draw, CROCKFORD, 6)}${digits(draw, 10)}`,
  'tracking number of FedEx': (draw) => digits(draw, 12),
  'tracking number of USPS': (draw) => `94${digits(draw, 20)}`,
  'tracking number of USPS, in groups': (draw) => `94${digits(draw, 20)}`.replaceAll(/(.{4})(?=.)/g, '$1 '),
  'tracking number of DHL': (draw) => `JJD${digits(draw, 18)}`,
  'social security number': (draw) => `${digits(draw, 3)}-${digits(draw, 2)}-${digits(draw, 4)}`,
  'number of a mobile device (IMEI)': (draw) => withLuhnDigit(`35${digits(draw, 12)}`),
  'number of a SIM (ICCID)': (draw) => withLuhnDigit(`89${digits(draw, 17)}`),
  'id of 64 bits': (draw) => String(below(draw, 9) + 1) + digits(draw, 17),
  'version of a program': (draw) =>
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${below(draw, 200)}.0.${digits(draw, 4)}.${digits(draw, 3)} Safari/537.36`,
  'list of years': (draw) => Array.from({ length: 6 }, () => 1900 + below(draw, 200)).join(', '),
  'list of small numbers': (draw) => Array.from({ length: 30 }, () => below(draw, 100)).join(' '),
  'list of ports': (draw) => Array.from({ length: 6 }, () => 1024 + below(draw, 64_512)).join(','),
  prose,
};

function uuid4(draw: Draw): string {
  return `${some(draw, HEX, 8)}-${some(draw, HEX, 4)}-4${some(draw, HEX, 3)}-${some(draw, '89ab', 1)}${some(draw, HEX, 3)}-${some(draw, HEX, 12)}`;
}

function uuid7(draw: Draw): string {
  const time = instant(draw).getTime().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid4(draw).slice(15)}`;
}

/** Country codes, and how many digits national numbers have. */
const countries: readonly (readonly [code: string, least: number, most: number])[] = [
  ['1', 10, 10],
  ['31', 9, 9],
  ['33', 9, 9],
  ['34', 9, 9],
  ['36', 8, 9],
  ['39', 9, 11],
  ['41', 9, 9],
  ['43', 10, 13],
  ['44', 10, 10],
  ['49', 10, 12],
  ['52', 10, 11],
  ['55', 10, 11],
  ['62', 9, 12],
  ['81', 9, 10],
  ['86', 11, 11],
  ['91', 10, 10],
  ['353', 9, 9],
  ['380', 9, 9],
];

function telephone(draw: Draw): string {
  const [code, least, most] = pick(draw, countries);
  return `+${code}${1 + below(draw, 9)}${digits(draw, least - 1 + below(draw, most - least + 1))}`;
}

function spaced(number: string): string {
  return number.replace(/^(\+..)(...)(...)/, '$1 $2 $3 ').replaceAll(/(\d{4})(?=\d)/g, '$1 ');
}

/** Countries, and their account numbers: `n` a digit, `a` a letter, `c` either. */
const accounts: readonly (readonly [country: string, form: string])[] = [
  ['DE', 'n18'],
  ['AT', 'n16'],
  ['CH', 'n5c12'],
  ['NL', 'a4n10'],
  ['BE', 'n12'],
  ['FR', 'n10c11n2'],
  ['ES', 'n20'],
  ['IT', 'a1n10c12'],
  ['GB', 'a4n14'],
  ['DK', 'n14'],
  ['NO', 'n11'],
  ['SE', 'n20'],
  ['FI', 'n14'],
  ['PL', 'n24'],
  ['CZ', 'n20'],
  ['IE', 'a4n14'],
];

function iban(draw: Draw): string {
  const [country, form] = pick(draw, accounts);
  const alphabets = { n: '0123456789', a: BASE32.slice(0, 26), c: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ' };
  const account = [...form.matchAll(/([nac])(\d+)/g)]
    .map(([, kind, length]) => some(draw, alphabets[kind as keyof typeof alphabets], Number(length)))
    .join('');
  const numbers = Array.from(`${account}${country}00`)
    .map((character) => Number.parseInt(character, 36))
    .join('');
  const check = 98n - (BigInt(numbers) % 97n);
  return `${country}${String(check).padStart(2, '0')}${account}`;
}

function address(draw: Draw): string {
  return Array.from({ length: 4 }, () => below(draw, 256)).join('.');
}

const words =
  'the customer asked on for his order of parts and paid at once in room since May while we sent it back to him';

function prose(draw: Draw): string {
  const list = words.split(' ');
  return Array.from({ length: 40 }, () =>
    below(draw, 6) === 0 ? String(below(draw, 10 ** (1 + below(draw, 5)))) : pick(draw, list),
  ).join(' ');
}

function instant(draw: Draw): Date {
  return new Date(FIRST_DAY + Math.floor(draw() * (LAST_DAY - FIRST_DAY)));
}

function below(draw: Draw, bound: number): number {
  return Math.floor(draw() * bound);
}

function pick<T>(draw: Draw, list: readonly T[]): T {
  const one = list[below(draw, list.length)];
  if (one === undefined) throw new Error('Nothing to pick from');
  return one;
}

function some(draw: Draw, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(below(draw, alphabet.length))).join('');
}

function digits(draw: Draw, length: number): string {
  return some(draw, '0123456789', length);
}

/** The digit that Luhn's sum asks for, behind the others. */
function withLuhnDigit(number: string): string {
  const sum = Array.from(number)
    .reverse()
    .reduce((total, digit, nth) => {
      const doubled = Number(digit) * (nth % 2 === 0 ? 2 : 1);
      return total + Math.floor(doubled / 10) + (doubled % 10);
    }, 0);
  return number + String((10 - (sum % 10)) % 10);
}

function withArticleDigit(number: string): string {
  const sum = Array.from(number).reduce(
    (total, digit, nth) => total + Number(digit) * (nth % 2 === 0 ? 1 : 3),
    0,
  );
  return number + String((10 - (sum % 10)) % 10);
}
