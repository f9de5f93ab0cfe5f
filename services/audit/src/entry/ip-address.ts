import { z } from 'zod';

const group = '[0-9a-fA-F]{1,4}';
const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const dotted = `(?:${byte}\\.){3}${byte}`;

/** `::` stands for at least one group of zeros: with `left` groups before it, what may stand behind it. */
function shortened(left: number): string {
  const before = left === 0 ? '' : `${group}(?::${group}){${left - 1}}`;
  const room = 7 - left;
  const groups = room > 0 ? [`(?:${group}:){0,${room - 1}}${group}`] : [];
  const mixed = room > 1 ? [`(?:${group}:){0,${room - 2}}${dotted}`] : [];
  const after = [...groups, ...mixed].join('|');
  return `${before}::${after === '' ? '' : `(?:${after})?`}`;
}

/** The three text forms of RFC 4291 section 2.2, without a zone. */
const forms = [
  `(?:${group}:){7}${group}`,
  `(?:${group}:){6}${dotted}`,
  ...Array.from({ length: 8 }, (_, left) => shortened(left)),
];

/** An IPv4 or IPv6 address as callers write it; `canonicalIp` gives it the one form that is kept. */
export const ipAddress = z.union(
  [
    z
      .string()
      .regex(new RegExp(`^${dotted}$`))
      .meta({ format: 'ipv4' }),
    z
      .string()
      .regex(new RegExp(`^(?:${forms.join('|')})$`))
      .meta({ format: 'ipv6' }),
  ],
  'must be an IPv4 or IPv6 address',
);
