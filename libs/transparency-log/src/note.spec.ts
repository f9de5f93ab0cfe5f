import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  COSIGNATURE_V1,
  ed25519Signer,
  encodeVerifierKey,
  parseVerifierKey,
  verifierKey,
  type VerifierKey,
} from './key.js';
import { formatNote, openNote, parseNote, signNote } from './note.js';

// The published example of golang.org/x/mod/sumdb/note.
const TEXT =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n";
const PETER_SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const PETER_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_KEY = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

const key = (vkey: string): VerifierKey => {
  const parsed = parseVerifierKey(vkey);
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.key;
};
const open = (note: string, ...vkeys: string[]): ReturnType<typeof openNote> =>
  openNote(Buffer.from(note), vkeys.map(key));

describe('a note', () => {
  it('is signed byte for byte as golang.org/x/mod/sumdb/note signs it', () => {
    const { signer, key: own } = ed25519Signer('PeterNeumann', PETER_SEED);
    expect(encodeVerifierKey(own)).toBe(PETER_KEY);
    expect(Buffer.from(signNote(TEXT, signer)).toString()).toBe(`${TEXT}\n${PETER_LINE}`);
  });

  it('of the C2SP specification opens with its key', () => {
    const note =
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
    const opened = open(note, 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
    expect(opened).toMatchObject({ status: 'opened', note: { text: 'This is an example message.\n' } });
  });

  it('tells known signers from unknown ones', () => {
    const opened = open(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, PETER_KEY);
    expect(opened).toMatchObject({
      status: 'opened',
      note: {
        text: TEXT,
        verified: [{ name: 'PeterNeumann' }],
        unverified: [{ name: 'EnochRoot', id: 0xaf0cfe78 }],
      },
    });
    expect(open(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, PETER_KEY, ENOCH_KEY)).toMatchObject({
      note: { verified: [{ name: 'PeterNeumann' }, { name: 'EnochRoot' }], unverified: [] },
    });
    expect(open(`${TEXT}\n${PETER_LINE}`).status).toBe('unverified');
  });

  it('counts a signature once, as sumdb/note does', () => {
    const changed = `${ENOCH_LINE.slice(0, 60)}ABCD${ENOCH_LINE.slice(60)}`;
    const opened = open(`${TEXT}\n${PETER_LINE}${PETER_LINE}${ENOCH_LINE}${ENOCH_LINE}${changed}`, PETER_KEY);
    expect(
      opened.status === 'opened' && [opened.note.verified.length, opened.note.unverified.length],
    ).toEqual([1, 2]);
  });

  it('is refused whole when a known key did not make the signature in its name', () => {
    const bad = `${PETER_LINE.slice(0, 60)}ABCD${PETER_LINE.slice(60)}`;
    expect(open(`${TEXT}\n${bad}`, PETER_KEY)).toMatchObject({
      status: 'invalid-signature',
      name: 'PeterNeumann',
    });
    expect(open(`other ${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, PETER_KEY).status).toBe('invalid-signature');
  });

  it('is refused when two different keys were given under one name and id', () => {
    const peter = key(PETER_KEY);
    const twin = { ...key(ENOCH_KEY), name: peter.name, id: peter.id };
    expect(openNote(Buffer.from(`${TEXT}\n${PETER_LINE}`), [peter, twin]).status).toBe('ambiguous-key');
    expect(openNote(Buffer.from(`${TEXT}\n${PETER_LINE}`), [peter, peter]).status).toBe('opened');
  });

  it.each([
    ['no signature', TEXT],
    ['an empty signature block', `${TEXT}\n`],
    ['a signature line without an end', `${TEXT}\n${PETER_LINE.slice(0, -1)}`],
    ['a control character', `\u0001${TEXT}\n${PETER_LINE}`],
    ['a carriage return', `${TEXT.replace('\n', '\r\n')}\n${PETER_LINE}`],
    ['a name with a space', `${TEXT}\n${PETER_LINE.replace('PeterNeumann', 'Peter Neumann')}`],
    ['a name with a plus', `${TEXT}\n${PETER_LINE.replace('PeterNeumann', 'Peter+Neumann')}`],
    ['a name with a no-break space', `${TEXT}\n${PETER_LINE.replace('PeterNeumann', 'Peter\u00a0Neumann')}`],
    ['base64 with loose bits at its end', `${TEXT}\n${PETER_LINE.replace('nAM=', 'nAN=')}`],
    ['base64 without padding', `${TEXT}\n${PETER_LINE.replace('nAM=', 'nAM')}`],
    ['a key id alone', `${TEXT}\n— PeterNeumann x08gow==\n`],
    ['another line among the signatures', `${TEXT}\n${PETER_LINE}Unexpected line.\n`],
    ['more than a hundred signatures', `${TEXT}\n${PETER_LINE.repeat(101)}`],
    ['more than a megabyte', `${'x'.repeat(1024 * 1024)}\n\n${PETER_LINE}`],
  ])('with %s is malformed', (_, note) => {
    expect(open(note, PETER_KEY).status).toBe('malformed');
  });

  it('that is no UTF-8 is malformed', () => {
    const note = Buffer.concat([Buffer.from([0xff]), Buffer.from(`${TEXT}\n${PETER_LINE}`)]);
    expect(openNote(note, [key(PETER_KEY)]).status).toBe('malformed');
  });

  it('does not open with any bit of it flipped', () => {
    const note = Buffer.from(`${TEXT}\n${PETER_LINE}`);
    fc.assert(
      fc.property(fc.nat(note.length * 8 - 1), (bit) => {
        const copy = Buffer.from(note);
        copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(openNote(copy, [key(PETER_KEY)]).status).not.toBe('opened');
      }),
    );
  });

  it('is not signed when it could not be read again', () => {
    const { signer } = ed25519Signer('PeterNeumann', PETER_SEED);
    for (const text of ['abc', 'tab\there\n', '\ud800\n']) expect(() => signNote(text, signer)).toThrow();
    const signature = { name: 'a+b', id: 1, signature: Buffer.alloc(64) };
    expect(() => formatNote(TEXT, [signature])).toThrow('plus');
    expect(() => formatNote(TEXT, [])).toThrow('signatures');
  });
});

describe('a verifier key', () => {
  it('is refused in any part of it and with any character changed', () => {
    for (let start = 0; start <= PETER_KEY.length; start++) {
      for (let end = start + 1; end <= PETER_KEY.length; end++) {
        if (end - start < PETER_KEY.length)
          expect(parseVerifierKey(PETER_KEY.slice(start, end))).toHaveProperty('error');
      }
    }
    for (let i = 0; i < PETER_KEY.length; i++) {
      const next = String.fromCharCode(PETER_KEY.charCodeAt(i) + 1);
      expect(parseVerifierKey(PETER_KEY.slice(0, i) + next + PETER_KEY.slice(i + 1))).toHaveProperty('error');
    }
  });

  it.each([
    ['PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==', 'malformed-key'],
    ['PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'unknown-algorithm'],
    [PETER_KEY.replace('c74f', 'c74e'), 'wrong-key-id'],
    ['', 'malformed-key'],
  ])('%s is refused: %s', (vkey, error) => {
    expect(parseVerifierKey(vkey)).toEqual({ error });
  });
});

describe("a witness's cosignature/v1", () => {
  // The published example of c2sp.org/tlog-cosignature: its witness is unknown to us, and must not stop us.
  it('by an unknown witness is ignored', () => {
    const note =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n' +
      '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';
    expect(parseNote(Buffer.from(note))?.signatures.map((s) => [s.name, s.signature.length])).toEqual([
      ['example.com/behind-the-sofa', 64],
      ['witness.example.com/w1', 72],
    ]);
  });

  it('by a known witness is checked, over the time too', () => {
    const seed = Buffer.alloc(32, 3);
    const ed25519 = ed25519Signer('witness.example', seed);
    const timestamp = Buffer.alloc(8);
    timestamp.writeBigUInt64BE(1_790_000_000n);
    const signed = ed25519.signer.sign(Buffer.from(`cosignature/v1\ntime 1790000000\n${TEXT}`));
    const witness = key(
      encodeVerifierKey(verifierKey('witness.example', ed25519.key.publicKey, COSIGNATURE_V1)),
    );
    expect(witness.id).not.toBe(ed25519.key.id);
    const good = formatNote(TEXT, [{ ...witness, signature: Buffer.concat([timestamp, signed]) }]);
    expect(openNote(good, [witness]).status).toBe('opened');
    timestamp.writeBigUInt64BE(1_790_000_001n);
    const bad = formatNote(TEXT, [{ ...witness, signature: Buffer.concat([timestamp, signed]) }]);
    expect(openNote(bad, [witness]).status).toBe('invalid-signature');
  });
});
