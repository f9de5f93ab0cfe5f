import { createHash } from 'node:crypto';

/**
 * A Bloom filter over texts, as one file: `VSBF`, version 1 (1 byte), number of hashes (1 byte), bits (4 bytes, big-endian),
 * SHA-256 of the bit field (32 bytes), bit field. It has no false negatives, and false positives at a known, small rate.
 */
export interface BloomFilter {
  mayContain(text: string): boolean;
}

const MAGIC = Buffer.from('VSBF\u0001', 'latin1');
const HEADER = MAGIC.length + 1 + 4 + 32;

/** @throws where the file is not a whole filter: a check that cannot be made is not passed (it fails closed) */
export function readBloomFilter(file: Buffer): BloomFilter {
  const whole = file.length > HEADER && file.subarray(0, MAGIC.length).equals(MAGIC);
  if (!whole) throw new Error('Not a Bloom filter');
  const hashes = file.readUInt8(MAGIC.length);
  const bits = file.readUInt32BE(MAGIC.length + 1);
  const field = file.subarray(HEADER);
  const intact = field.length * 8 === bits && sha256(field).equals(file.subarray(HEADER - 32, HEADER));
  if (!intact || hashes === 0) throw new Error('The Bloom filter is damaged');
  return {
    mayContain: (text) => positions(text, hashes, bits).every((bit) => isSet(field, bit)),
  };
}

/** @param falsePositives share of strangers that are taken for members, e.g. 0.0001 */
export function writeBloomFilter(members: ReadonlySet<string>, falsePositives: number): Buffer {
  const wanted = Math.ceil((-members.size * Math.log(falsePositives)) / Math.LN2 ** 2);
  const bits = Math.ceil(wanted / 8) * 8;
  const hashes = Math.round((bits / members.size) * Math.LN2);
  const field = Buffer.alloc(bits / 8);
  for (const member of members) {
    for (const bit of positions(member, hashes, bits))
      field[bit >> 3] = (field[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  const size = Buffer.alloc(5);
  size.writeUInt8(hashes, 0);
  size.writeUInt32BE(bits, 1);
  return Buffer.concat([MAGIC, size, sha256(field), field]);
}

/** Two halves of one SHA-256 give all positions (Kirsch and Mitzenmacher, 'Less hashing, same performance', 2006). */
function positions(text: string, hashes: number, bits: number): number[] {
  const digest = sha256(Buffer.from(text));
  const [first, second] = [digest.readUIntBE(0, 6), digest.readUIntBE(6, 6)];
  return Array.from({ length: hashes }, (_, index) =>
    Number((BigInt(first) + BigInt(index) * BigInt(second)) % BigInt(bits)),
  );
}

function isSet(field: Buffer, bit: number): boolean {
  return ((field[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
