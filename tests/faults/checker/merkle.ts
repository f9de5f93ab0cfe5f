import { createHash, createPublicKey, verify } from 'node:crypto';

/**
 * The maths of RFC 6962 and C2SP once more, on nothing but Node's hashes and signatures: what checks the services' arithmetic
 * must not share it.
 */
type Hash = Buffer;

/** RFC 6962, 2.1: a leaf's hash begins with 0x00, a node's with 0x01. */
export function leafHash(leaf: Uint8Array): Hash {
  return createHash('sha256').update(Buffer.of(0)).update(leaf).digest();
}

function nodeHash(left: Hash, right: Hash): Hash {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** The roots of the trees over the first n leaves, for each n asked for. */
export function rootsAt(leaves: readonly Hash[], sizes: Iterable<number>): Map<number, string> {
  const wanted = new Set(sizes);
  const roots = new Map<number, string>();
  /** Full subtrees from the left, each half of the one before it or smaller. */
  const edge: { readonly height: number; readonly hash: Hash }[] = [];
  const note = (size: number): void => {
    if (wanted.has(size)) roots.set(size, rootOf(edge.map(({ hash }) => hash)));
  };
  note(0);
  for (const [index, leaf] of leaves.entries()) {
    let grown = { height: 0, hash: leaf };
    for (let last = edge.at(-1); last?.height === grown.height; last = edge.at(-1)) {
      edge.pop();
      grown = { height: grown.height + 1, hash: nodeHash(last.hash, grown.hash) };
    }
    edge.push(grown);
    note(index + 1);
  }
  return roots;
}

function rootOf(edge: readonly Hash[]): string {
  if (edge.length === 0) return createHash('sha256').digest('base64');
  return edge.reduceRight((right, left) => nodeHash(left, right)).toString('base64');
}

/** RFC 9162, 2.1.3.2: whether the path leads from the leaf to the root. */
export function includes(
  { index, size, root }: { readonly index: number; readonly size: number; readonly root: string },
  leaf: Hash,
  path: readonly Hash[],
): boolean {
  let [fn, sn, hash] = [index, size - 1, leaf];
  if (index >= size) return false;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && hash.toString('base64') === root;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
}

/** c2sp.org/tlog-checkpoint in c2sp.org/signed-note, checked by a verifier key; null when it does not hold. */
export function openCheckpoint(note: string, vkey: string): Checkpoint | null {
  const end = note.indexOf('\n\n');
  const text = note.slice(0, end + 1);
  const [origin = '', size = '', root = ''] = text.split('\n');
  const [name = '', keyHash = '', ...rest] = vkey.split('+');
  // 0x01 for Ed25519, then the key.
  const key = Buffer.from(rest.join('+'), 'base64');
  if (end < 0 || key[0] !== 1 || key.length !== 33 || name !== origin) return null;
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: key.subarray(1).toString('base64url') },
  });
  const signed = note
    .slice(end + 2)
    .split('\n')
    .filter((line) => line.startsWith(`— ${name} `))
    .map((line) => Buffer.from(line.split(' ')[2] ?? '', 'base64'))
    .some(
      (signature) =>
        signature.subarray(0, 4).toString('hex') === keyHash &&
        verify(null, Buffer.from(text), publicKey, signature.subarray(4)),
    );
  return signed ? { origin, size: Number(size), root } : null;
}
