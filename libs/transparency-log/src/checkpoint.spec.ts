import { describe, expect, it } from '@jest/globals';
import { openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { leafHash, leafHashes } from './hash.js';
import { COSIGNATURE_V1, ed25519Signer, verifierKey } from './key.js';
import { formatNote, signNote } from './note.js';
import { inclusionProof, tilesInMemory } from './proof.js';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.js';
import { append, emptyTree, rootOf } from './tree.js';

const ORIGIN = 'audit.example.com/log1';
const log = ed25519Signer(ORIGIN, Buffer.alloc(32, 1));
const leaves = Array.from({ length: 13 }, (_, i) => Buffer.from(`leaf ${i}`));
const hashes = leafHashes(leaves);
const checkpoint = { origin: ORIGIN, size: 13, root: rootOf(append(emptyTree, hashes).tree) };
const signed = signCheckpoint(checkpoint, log.signer);

describe('a checkpoint', () => {
  it('opens with its key, and as what was signed', () => {
    const opened = openCheckpoint(signed, ORIGIN, [log.key]);
    expect(opened).toMatchObject({ status: 'opened', checkpoint: { origin: ORIGIN, size: 13 } });
  });

  it('of C2SP is read, with extension lines too', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    expect(parseCheckpoint(text)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
    expect(parseCheckpoint(`${text}extension\n`)).toBeDefined();
  });

  it.each([
    ['no origin', '\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['a leading zero', 'a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['a sign', 'a\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['a size beyond exact numbers', 'a\n9007199254740993\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['a short root', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n'],
    ['an empty extension line', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n'],
    ['two lines', 'a\n1\n'],
    ['no end', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='],
  ])('with %s is none', (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  it('of another log, of no log, or by a witness alone is not the log’s', () => {
    const other = ed25519Signer('audit.example.com/log2', Buffer.alloc(32, 2));
    const wrong = signCheckpoint({ ...checkpoint, origin: 'audit.example.com/log2' }, log.signer);
    expect(openCheckpoint(wrong, ORIGIN, [log.key])).toMatchObject({ status: 'wrong-origin' });
    expect(openCheckpoint(signNote('hello\n', log.signer), ORIGIN, [log.key]).status).toBe(
      'not-a-checkpoint',
    );
    expect(openCheckpoint(signCheckpoint(checkpoint, other.signer), ORIGIN, [other.key]).status).toBe(
      'unverified',
    );
    const witness = verifierKey(ORIGIN, log.key.publicKey, COSIGNATURE_V1);
    const text = Buffer.from(signed).toString().split('\n\n')[0] ?? '';
    const time = Buffer.alloc(8);
    const cosigned = log.signer.sign(Buffer.from(`cosignature/v1\ntime 0\n${text}\n`));
    const note = formatNote(`${text}\n`, [{ ...witness, signature: Buffer.concat([time, cosigned]) }]);
    expect(openCheckpoint(note, ORIGIN, [witness]).status).toBe('unverified');
  });

  it('is not signed when it is none', () => {
    expect(() => signCheckpoint({ ...checkpoint, origin: 'a\nb' }, log.signer)).toThrow();
    expect(() => signCheckpoint({ ...checkpoint, size: -1 }, log.signer)).toThrow();
    expect(() => signCheckpoint({ ...checkpoint, root: Buffer.alloc(31) }, log.signer)).toThrow();
  });
});

describe('a tlog-proof', () => {
  it('of each leaf verifies, and of no other leaf', async () => {
    for (const [index, leaf] of leaves.entries()) {
      const proof = await inclusionProof(tilesInMemory(hashes), index, 13);
      const text = formatTlogProof({ index, hashes: proof, checkpoint: signed });
      expect(verifyTlogProof(text, leafHash(leaf), ORIGIN, [log.key])).toMatchObject({
        status: 'included',
        index,
      });
      const other = leafHash(Buffer.from('another'));
      expect(verifyTlogProof(text, other, ORIGIN, [log.key]).status).toBe('not-included');
    }
  });

  it('has the form of c2sp.org/tlog-proof@v1', async () => {
    const proof = await inclusionProof(tilesInMemory(hashes), 12, 13);
    const text = formatTlogProof({ index: 12, hashes: proof, checkpoint: signed, extra: Buffer.from('x') });
    const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
    const note = Buffer.from(signed).toString();
    expect(Buffer.from(text).toString()).toBe(
      `c2sp.org/tlog-proof@v1\nextra eA==\nindex 12\n${lines}\n${note}`,
    );
    expect(parseTlogProof(text)).toMatchObject({ index: 12, extra: Buffer.from('x') });
  });

  it('is refused with a wrong line, and with a checkpoint of an unknown key', async () => {
    const proof = await inclusionProof(tilesInMemory(hashes), 3, 13);
    const text = Buffer.from(formatTlogProof({ index: 3, hashes: proof, checkpoint: signed })).toString();
    for (const [from, to] of [
      ['@v1', '@v2'],
      ['index 3', 'index 03'],
      ['index 3', 'extra !\nindex 3'],
      ['index 3\n', 'index 3\nAAAA\n'],
      ['index 3\n', ''],
    ] as const) {
      expect(
        verifyTlogProof(Buffer.from(text.replace(from, to)), leafHash(leaves[3] ?? signed), ORIGIN, [
          log.key,
        ]),
      ).toEqual({ status: 'malformed' });
    }
    expect(verifyTlogProof(Buffer.from(text), leafHash(leaves[3] ?? signed), ORIGIN, []).status).toBe(
      'bad-checkpoint',
    );
  });
});
