import { beforeAll, describe, expect, it } from '@jest/globals';
import { canonicalJson, ed25519Signer, signNote, type VerifierKey } from '@vouchsafe/transparency-log';
import { layOutZip } from '@vouchsafe/forensic-bundle';
import { EXPORTER, LOG, LOG_ID, bundleFixture, inMemory } from './bundle.fixture.js';
import { inPlainWords } from './command/plain-words.js';
import { fileDigest } from './container/bundle-files.js';
import { KEY_HISTORY, LOG_KEYS, MANIFEST, MANIFEST_KEY, MANIFEST_NOTE, README } from './container/names.js';
import { readZip, type ByteSource } from './container/zip.js';
import { edit, file, remanifest, zipOf, type Content } from './forgery.fixture.js';
import {
  MAX_EARLIER_CHECKPOINTS,
  MAX_KEYS_BYTES,
  MAX_LINE_BYTES,
  MAX_LOGS,
  MAX_MANIFEST_BYTES,
  MAX_MEMBERS,
  MAX_NOTE_BYTES,
  MAX_README_BYTES,
} from './limits.js';
import type { Manifest } from './manifest/manifest.js';
import { Unreadable } from './problem.js';
import { verifyBundle } from './every-way.fixture.js';
import type { Verification } from './verify-bundle.js';

/** Whoever sends a bundle can make its files as large as they like, and sign them with keys of their own. */
const KEYS = [LOG.key, EXPORTER.key];
let honest: Content;

beforeAll(async () => {
  ({ content: honest } = await bundleFixture());
});

/** Verifies, and says the lengths that were read at once. */
async function verified(
  content: Content,
  keys: readonly VerifierKey[] | undefined = KEYS,
): Promise<{ found: Verification; lengths: ReadonlySet<number> }> {
  const bytes = inMemory(zipOf(content));
  const lengths = new Set<number>();
  const source: ByteSource = {
    size: bytes.size,
    read: (offset, length) => {
      lengths.add(length);
      return bytes.read(offset, length);
    },
  };
  return { found: await verifyBundle(source, keys), lengths };
}

const signed = (content: Content, change?: (m: Manifest) => object): Content =>
  remanifest(content, EXPORTER.signer, change);

describe('a file that is larger than one of a bundle is refused before it is read', () => {
  it.each([
    [MANIFEST, MAX_MANIFEST_BYTES],
    [MANIFEST_NOTE, MAX_NOTE_BYTES],
  ])('%s, which no other file vouches for', async (name, most) => {
    const { found, lengths } = await verified(new Map(honest).set(name, Buffer.alloc(most + 1)));
    expect(found).toMatchObject({
      status: 'unreadable',
      why: expect.stringContaining(`its ${name} has ${most + 1} bytes`),
    });
    expect(lengths).not.toContain(most + 1);
  });

  it.each([
    [LOG_KEYS, MAX_KEYS_BYTES],
    [MANIFEST_KEY, MAX_KEYS_BYTES],
    [KEY_HISTORY, MAX_KEYS_BYTES],
    [README, MAX_README_BYTES],
    [file('checkpoint'), MAX_NOTE_BYTES],
    [`${LOG_ID}/earlier-checkpoints/300`, MAX_NOTE_BYTES],
    [`${LOG_ID}/log/tile/0/001`, 8192],
    [`${LOG_ID}/log/tile/1/000.p/2`, 8192],
    [`${LOG_ID}/log/tile/entries/001`, 256 * 65_537],
  ])('%s, though the exporter signed it', async (name, most) => {
    const { found, lengths } = await verified(signed(new Map(honest).set(name, Buffer.alloc(most + 1, 10))));
    const why = expect.stringContaining(`it has ${most + 1} bytes`);
    expect(found).toMatchObject({ status: 'does-not-hold', file: name, why });
    expect(lengths).not.toContain(most + 1);
  });

  it('and a line', async () => {
    for (const name of [file('entries'), file('indices'), file('disclosures')]) {
      const content = signed(new Map(honest).set(name, Buffer.alloc(MAX_LINE_BYTES + 2 ** 20, 49)));
      const { found } = await verified(content);
      expect(found).toMatchObject({ status: 'does-not-hold', file: name, why: 'a line is far too long' });
    }
  });
});

describe('more than a bundle has is refused', () => {
  it('members, by their number alone', () => {
    const members = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        name: `f${String(i).padStart(6, '0')}`,
        size: 0,
        crc32: 0,
      }));
    const zip = (count: number): ByteSource => {
      const layout = layOutZip(members(count));
      return inMemory(Buffer.concat([...layout.members.map(({ header }) => header), layout.tail]));
    };
    expect(readZip(zip(MAX_MEMBERS))).toHaveLength(MAX_MEMBERS);
    expect(() => readZip(zip(MAX_MEMBERS + 1))).toThrow(
      new Unreadable('it has 150001 members; a bundle has 150000 at most'),
    );
  });

  it.each<[what: string, change: (m: Manifest) => Manifest, why: string]>([
    [
      'logs',
      (m) => ({
        ...m,
        logs: m.logs.flatMap((log) =>
          Array.from({ length: MAX_LOGS + 1 }, (_, i) => {
            const id = `log-${String(i).padStart(8, '0')}`;
            return { ...log, id, origin: `audit.example.com/${id}` };
          }),
        ),
      }),
      'more than 1000 logs',
    ],
    [
      'earlier checkpoints',
      (m) => ({
        ...m,
        logs: m.logs.map((log) => ({
          ...{ ...log, size: 10_000 },
          earlierCheckpoints: [...Array(MAX_EARLIER_CHECKPOINTS + 1).keys()],
        })),
      }),
      'more than 1000 earlier checkpoints',
    ],
  ])('%s', async (_, change, why) => {
    const { found } = await verified(signed(honest, change));
    expect(found).toMatchObject({ status: 'unreadable', why: expect.stringContaining(why) });
  });
});

describe('a manifest is not parsed before it is known who signed it', () => {
  const nonsense: [what: string, bytes: Buffer][] = [
    ['no JSON', Buffer.from('{')],
    ['nested without end', Buffer.alloc(MAX_MANIFEST_BYTES, '[')],
    ['zeros', Buffer.alloc(MAX_MANIFEST_BYTES)],
  ];
  const stranger = ed25519Signer('audit.example.com/exports', Buffer.alloc(32, 9));

  it.each(nonsense)('%s in its place: the note signs something else', async (_, bytes) => {
    for (const keys of [KEYS, undefined]) {
      const { found } = await verified(new Map(honest).set(MANIFEST, bytes), keys);
      expect(found).toMatchObject({
        ...{ status: 'does-not-hold', file: MANIFEST },
        why: 'it is not the manifest that manifest.note signs',
      });
    }
  });

  it.each(nonsense)('%s, signed by a stranger: nobody who was given signed it', async (_, bytes) => {
    const { found } = await verified(withManifest(bytes, stranger));
    expect(found).toMatchObject({ status: 'does-not-hold', file: MANIFEST_NOTE });
  });

  it('nested without end, signed by a key that is inside: it is refused without being read', async () => {
    for (const bytes of [
      Buffer.alloc(MAX_MANIFEST_BYTES, '['),
      Buffer.concat([Buffer.from('["\\\\",'), Buffer.alloc(MAX_MANIFEST_BYTES - 10, '{"":')]),
    ]) {
      const { found } = await verified(withManifest(bytes, EXPORTER), undefined);
      expect(found).toEqual({
        status: 'unreadable',
        why: 'manifest.json: it is nested deeper than a manifest is',
      });
    }
  });

  it('so the key that signed is reported by its name, in quotation marks', async () => {
    const named = ed25519Signer('holds."\\/exports', Buffer.alloc(32, 9));
    const other = await verified(withManifest(Buffer.from('{}'), named));
    expect(other.found).toMatchObject({
      why: expect.stringContaining('it is signed by "holds.\\"\\\\/exports":'),
    });
    const ofNoLog = await verified(remanifest(honest, named.signer), [...KEYS, named.key]);
    expect(ofNoLog.found).toMatchObject({
      ...{ status: 'does-not-hold', file: MANIFEST_NOTE },
      why: expect.stringMatching(
        /^it is signed by "holds\.\\"\\\\\/exports": .*by "audit\.example\.com\/exports"$/,
      ),
    });
    const wrong = edit(remanifest(honest, named.signer), MANIFEST_NOTE, (note) =>
      Buffer.from(note.toString().replace(/.{8}\n$/, 'AAAAAA==\n')),
    );
    const { found } = await verified(wrong, [named.key]);
    expect(inPlainWords('bundle.zip', found)).toContain('the signature of "holds.\\"\\\\/exports" is wrong');
  });

  function withManifest(bytes: Buffer, by: Pick<typeof EXPORTER, 'signer'>): Content {
    const { sha256 } = fileDigest(bytes);
    return new Map(honest)
      .set(MANIFEST, bytes)
      .set(
        MANIFEST_NOTE,
        Buffer.from(signNote(`vouchsafe forensic bundle v2\nmanifest.json sha256 ${sha256}\n`, by.signer)),
      );
  }
});

describe('what is nested without end does not hold, wherever it stands', () => {
  const deep = Buffer.concat([Buffer.from('["\\\\",'), Buffer.alloc(MAX_KEYS_BYTES - 10, '[')]);

  it('in the history of keys', async () => {
    const { found } = await verified(signed(new Map(honest).set(KEY_HISTORY, deep)));
    expect(found).toMatchObject({ file: KEY_HISTORY, why: 'it is not a history of keys' });
  });

  it('in a line of disclosures, and in a disclosure', async () => {
    const [closed, disclosure] = [
      Buffer.concat([Buffer.alloc(MAX_LINE_BYTES / 2 - 10, '['), Buffer.alloc(MAX_LINE_BYTES / 2 - 10, ']')]),
      canonicalJson([Buffer.alloc(16).toString('base64url'), 'note', 0]).replace(
        '0]',
        `${'['.repeat(350_000)}${']'.repeat(350_000)}]`,
      ),
    ];
    const encoded = Buffer.from(disclosure).toString('base64url');
    for (const line of [closed, Buffer.from(`{"disclosures":["${encoded}"],"index":200}`)]) {
      const lines = Buffer.concat([line, Buffer.from('\n')]);
      const { found } = await verified(signed(new Map(honest).set(file('disclosures'), lines)));
      expect(found).toMatchObject({ status: 'does-not-hold', file: file('disclosures'), line: 1 });
    }
  });
});

it.each(['2026-02-30T00:00:00.000Z', '2026-01-01T24:00:00.000Z', '2026-13-01T00:00:00.000Z'])(
  'a history of keys has real times: not %s',
  async (time) => {
    const content = edit(honest, KEY_HISTORY, (bytes) =>
      Buffer.from(bytes.toString().replace('2026-01-01T00:00:00.000Z', time)),
    );
    const { found } = await verified(signed(content));
    expect(found).toMatchObject({ file: KEY_HISTORY, why: 'it is not a history of keys' });
  },
);
