/** 0–9: the digit's value; IGNORED; OTHER ends a number; GAP + n: the n-th of GAPS. */
export type CharacterKind = number;

export const isDigitKind = (kind: CharacterKind) => kind < 10;

/** Gaps, by what they look like: all spaces are one kind, and all dashes. */
export const GAPS = ' -./_\n';

export const IGNORED = 20;
export const OTHER = 21;
/** The kind of the first of `GAPS`. */
export const GAP = 30;

/** Kinds of all code points, found when one is first seen; 255 until then. */
const kinds = new Uint8Array(0x11_0000).fill(255);

export function kindOf(codePoint: number): CharacterKind {
  const known = kinds[codePoint];
  if (known !== undefined && known !== 255) return known;
  const kind = findKind(codePoint);
  kinds[codePoint] = kind;
  return kind;
}

function findKind(codePoint: number): CharacterKind {
  const character = String.fromCodePoint(codePoint);
  if (/\p{Nd}/u.test(character)) return valueOf(codePoint);
  // Circled digits, superscripts, `⒈`: what stands in them is one digit.
  const plain = /^\p{No}$/u.test(character) ? character.normalize('NFKC').replaceAll(/\D/g, '') : '';
  if (plain.length === 1) return Number(plain);
  const gap = gaps.findIndex((pattern) => pattern.test(character));
  if (gap >= 0) return GAP + gap;
  // Zero-width characters, soft hyphens, and what is written over a digit, such as a keycap.
  return /[\p{M}\p{Cf}]/u.test(character) ? IGNORED : OTHER;
}

/** In the order of `GAPS`. */
const gaps = [
  /[\t\p{Zs}]/u,
  /[\p{Pd}\u2043\u2212]/u,
  /[.·•․‧∙⋅・。．。・]/u,
  /[/⁄∕／\\＼|]/u,
  /\p{Pc}/u,
  /[\n\r\p{Zl}\p{Zp}]/u,
];

/** The ten digits of a script stand in order, from zero (Unicode 17, section 4.6); those of mathematics are five such sets in a row. */
function valueOf(codePoint: number): number {
  let first = codePoint;
  while (first > 0 && /\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return (codePoint - first) % 10;
}
