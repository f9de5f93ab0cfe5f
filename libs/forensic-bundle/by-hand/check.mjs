// Follows the steps of a bundle's README.txt ('CHECK IT WITHOUT OUR TOOL') with Node.js alone: nothing of ours is
// imported, so what README.txt leaves out is missing here, too.
//   node check.mjs bundle.zip keys.vkey
// Prints the step that fails, and exits 1.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [zip, vkeys] = process.argv.slice(2).map((name) => readFileSync(name));
const keys = new Map(vkeys.toString().trim().split('\n').map(readKey));
const files = readZip(zip);
const manifest = JSON.parse(files.get('manifest.json'));

const hideable = {
  '': ['id', 'sourceIp', 'url', 'userAgent', 'requestId'],
  ...{ actor: ['id'], entity: ['id'] },
};

filesAreListed();
manifestIsSigned();
for (const log of manifest.logs) checkLog(log);

function filesAreListed() {
  const listed = new Map(manifest.files.map((file) => [file.name, file]));
  for (const [name, bytes] of files) {
    if (name === 'manifest.json' || name === 'manifest.note') continue;
    const file = listed.get(name);
    ensure(file?.sha256 === sha256(bytes).toString('hex') && file.size === bytes.length, 1);
  }
  for (const name of listed.keys()) ensure(files.has(name), 1);
}

function manifestIsSigned() {
  const name = [...keys.keys()].find((one) => one.endsWith('/exports'));
  const { text, signatures } = openNote(files.get('manifest.note'), name, 2);
  ensure(signatures === 1, 2);
  const hash = sha256(files.get('manifest.json')).toString('hex');
  ensure(text === `vouchsafe forensic bundle v2\nmanifest.json sha256 ${hash}\n`, 2);
}

function checkLog(log) {
  const file = (name) => files.get(`${log.id}/${name}`);
  // Whose name stands before it is known by the key: keys.vkey has those of this operator, earlier names included.
  ensure(log.origin.endsWith(`/${log.id}`) && keys.has(log.origin), 3);
  const signed = openNote(file('log/checkpoint'), log.origin, 3).text;
  ensure(signed.startsWith(`${log.origin}\n${log.size}\n${log.root}\n`), 3);
  const tree = tilesOf(log);
  tree.check();
  ensure(tree.root(log.size).toString('base64') === log.root, 4);
  const entries = checkEntries(log, linesOf(file('entries.ndjson')), linesOf(file('indices.txt')), tree);
  const folder = `${log.id}/earlier-checkpoints/`;
  const there = [...files.keys()].filter((name) => name.startsWith(folder)).length;
  ensure(there === log.earlierCheckpoints.length, 6);
  for (const size of log.earlierCheckpoints) {
    const { text } = openNote(file(`earlier-checkpoints/${size}`), log.origin, 6);
    ensure(size <= log.size, 6);
    ensure(text.startsWith(`${log.origin}\n${size}\n${tree.root(size).toString('base64')}\n`), 6);
  }
  for (const line of linesOf(file('disclosures.ndjson'))) {
    const { index, disclosures } = JSON.parse(line);
    const entry = entries.get(index);
    ensure(entry !== undefined, 7);
    for (const one of disclosures) open(one, entry);
  }
}

/** Puts the value where its digest stands, so that a second one of its name is seen. */
function open(disclosure, entry) {
  const digest = sha256(disclosure).toString('base64url');
  const place = ['', 'actor', 'entity', 'details'].find((one) => objectAt(entry, one)?._sd?.includes(digest));
  ensure(place !== undefined, 7);
  const [, name, value] = JSON.parse(Buffer.from(disclosure, 'base64url'));
  ensure(place === 'details' || hideable[place].includes(name), 7);
  const object = objectAt(entry, place);
  ensure(!Object.hasOwn(object, name), 7);
  Object.defineProperty(object, name, { value });
}

function objectAt(entry, place) {
  return place === '' ? entry : entry[place];
}

function checkEntries(log, lines, indices, tree) {
  ensure(lines.length === log.entries && indices.length === log.entries, 5);
  const entries = new Map();
  let before = -1;
  lines.forEach((line, i) => {
    const index = Number(indices[i]);
    ensure(index > before, 5);
    before = index;
    ensure(tree.hash(0, index)?.equals(sha256(Buffer.from([0]), line)), 5);
    const entry = JSON.parse(line);
    ensure(entry.recordedAt >= manifest.range.from && entry.recordedAt < manifest.range.to, 5);
    entries.set(index, entry);
  });
  if (manifest.claim !== 'contiguous' || log.first === null) return entries;
  for (let index = log.first; index <= log.last; index++) {
    ensure(entries.has(index) || log.expired.some(([from, to]) => from <= index && index <= to), 5);
  }
  return entries;
}

function tilesOf(log) {
  const tiles = new Map();
  for (const [name, bytes] of files) {
    const tile = /\/log\/tile\/(\d+)\/((?:x\d{3}\/)*\d{3})(\.p\/\d+)?$/.exec(name);
    if (tile && name.startsWith(`${log.id}/`))
      tiles.set(`${tile[1]}/${Number(tile[2].replace(/[x/]/g, ''))}`, bytes);
  }
  const hash = (level, index) => {
    const tile = tiles.get(`${level}/${Math.floor(index / 256)}`);
    const start = (index % 256) * 32;
    return tile && tile.length >= start + 32 ? tile.subarray(start, start + 32) : undefined;
  };
  return {
    hash,
    check: () => {
      for (const [at, bytes] of tiles) {
        const [level, index] = at.split('/').map(Number);
        const all = Array.from({ length: bytes.length / 32 }, (_, i) => hash(level, index * 256 + i));
        if (all.length === 256) ensure(hash(level + 1, index)?.equals(rootOf(all)), 4);
      }
    },
    root: (size) => {
      if (size === 0) return sha256('');
      let below;
      for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) {
        const partial = Array.from({ length: count % 256 }, (_, i) => hash(level, count - (count % 256) + i));
        ensure(!partial.includes(undefined), 4);
        if (partial.length > 0) below = joined(partial, below);
      }
      return below;
    },
  };
}

/** The root of full subtrees of one size, with what is to the right of them. */
function joined(hashes, right) {
  const full = [];
  for (let rest = hashes; rest.length > 0;) {
    const width = 2 ** Math.floor(Math.log2(rest.length));
    full.push(rootOf(rest.slice(0, width)));
    rest = rest.slice(width);
  }
  return [...full, ...(right ? [right] : [])].reduceRight((sum, left) => node(left, sum));
}

function rootOf(hashes) {
  if (hashes.length === 1) return hashes[0];
  const half = hashes.length / 2;
  return node(rootOf(hashes.slice(0, half)), rootOf(hashes.slice(half)));
}

function node(left, right) {
  return sha256(Buffer.from([1]), left, right);
}

/** c2sp.org/signed-note: text, an empty line, signatures; type 1 is Ed25519. */
function openNote(bytes, name, step) {
  const key = keys.get(name);
  ensure(bytes !== undefined && key !== undefined, step);
  const note = bytes.toString();
  const end = note.lastIndexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const lines = note
    .slice(end + 1)
    .trimEnd()
    .split('\n');
  const signed = lines.some((line) => {
    const [dash, signer, signature = ''] = line.split(' ');
    const raw = Buffer.from(signature, 'base64');
    if (dash !== '—' || signer !== name || !raw.subarray(0, 4).equals(key.id)) return false;
    return verify(null, Buffer.from(text), key.publicKey, raw.subarray(4));
  });
  ensure(signed, step);
  return { text, signatures: lines.length };
}

function readKey(line) {
  const [name, id, ...rest] = line.split('+');
  const raw = Buffer.from(rest.join('+'), 'base64').subarray(1);
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
  });
  return [name, { id: Buffer.from(id, 'hex'), publicKey }];
}

/** As `unzip` does: by the central directory. The members of a bundle are stored as they are. */
function readZip(bytes) {
  const members = new Map();
  let at = bytes.readUInt32LE(bytes.length - 6);
  for (let left = bytes.readUInt16LE(bytes.length - 12); left > 0; left--) {
    const [size, nameLength, extra] = [
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
    ];
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const header = bytes.readUInt32LE(at + 42);
    const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    ensure(!members.has(name), 1);
    members.set(name, bytes.subarray(start, start + size));
    at += 46 + nameLength + extra;
  }
  return members;
}

function linesOf(bytes) {
  return bytes.toString().split('\n').slice(0, -1);
}

function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function ensure(holds, step) {
  if (holds) return;
  console.log(`step ${step}`);
  process.exit(1);
}
