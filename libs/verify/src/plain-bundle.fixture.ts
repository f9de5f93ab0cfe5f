import {
  append,
  emptyTree,
  encodeEntryBundle,
  leafHashes,
  openLeaf,
  rootOf,
  signCheckpoint,
  TILE_WIDTH,
  tilesFor,
  tilesInMemory,
  tileWidth,
  type JsonObject,
} from '@vouchsafe/transparency-log';
import { EXPORTER, LOG, LOG_ID, ORIGIN } from './bundle.fixture.js';
import { entryBundleFile, logFile, MANIFEST, README, tileFile } from './container/names.js';
import { DRAWN_FORMATS } from './entries/drawn-formats.js';
import { TooDeep } from './entries/json-text.js';
import { remanifest, withKeys, type Content } from './forgery.fixture.js';

export type PlainEntry = { readonly leaf: Uint8Array; readonly disclosures: readonly string[] };

/**
 * A whole log as a bundle of one version, put together by hand: of every version that was ever handed out, whichever the
 * exporter writes. What its CSV and OCSF say is the verifier's own: other suites hold that against texts.
 */
export async function plainBundle(version: 1 | 2, entries: readonly PlainEntry[]): Promise<Content> {
  const size = entries.length;
  const hashes = leafHashes(entries.map(({ leaf }) => leaf));
  const root = rootOf(append(emptyTree, hashes).tree);
  const content: Content = new Map();
  const write = (name: string, bytes: string | Uint8Array): void => {
    content.set(name, Buffer.from(bytes as Uint8Array));
  };
  write(README, 'A bundle.\n');
  write(logFile(LOG_ID, 'checkpoint'), signCheckpoint({ origin: ORIGIN, size, root }, LOG.signer));
  for (const tile of tilesFor(size, entries.keys())) {
    write(tileFile(LOG_ID, tile), await tilesInMemory(hashes)(tile.level, tile.index, tile.width));
  }
  for (let tile = 0; tile * TILE_WIDTH < size; tile++) {
    const leaves = entries.slice(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH).map(({ leaf }) => leaf);
    write(entryBundleFile(LOG_ID, tile, tileWidth(0, tile, size)), encodeEntryBundle(leaves));
  }
  const shown = entries.map(({ leaf, disclosures }, index) => {
    const opened = openLeaf(leaf, disclosures);
    // What is no leaf shows nothing: a verifier refuses it before it looks at the files drawn from it.
    const { entry, undisclosed } = opened.status === 'opened' ? opened : { entry: {}, undisclosed: 0 };
    return { logId: LOG_ID, index, entry, undisclosed, erased: false, held: false };
  });
  write(logFile(LOG_ID, 'entries'), entries.map(({ leaf }) => `${Buffer.from(leaf).toString()}\n`).join(''));
  write(logFile(LOG_ID, 'indices'), shown.map(({ index }) => `${index}\n`).join(''));
  write(logFile(LOG_ID, 'disclosures'), entries.map(disclosureLine).join(''));
  const { csvHeader, draw } = DRAWN_FORMATS[version];
  write(logFile(LOG_ID, 'csv'), csvHeader + shown.map((one) => ifAny(() => draw(one).csv)).join(''));
  write(logFile(LOG_ID, 'ocsf'), shown.map((one) => ifAny(() => draw(one).ocsf)).join(''));
  const disclosures = entries.reduce((sum, entry) => sum + entry.disclosures.length, 0);
  const log = { size, root: Buffer.from(root).toString('base64'), entries: size, disclosures };
  write(MANIFEST, JSON.stringify(manifestOf(version, log)));
  const keys = withKeys(content, [
    { key: LOG.key, use: 'log' },
    { key: EXPORTER.key, use: 'manifest' },
  ]);
  return remanifest(keys, EXPORTER.signer);
}

/** What is nested too deep has no row: no exporter writes it. */
function ifAny(draw: () => string): string {
  try {
    return draw();
  } catch (error) {
    if (error instanceof TooDeep) return '';
    throw error;
  }
}

function disclosureLine({ disclosures }: PlainEntry, index: number): string {
  return disclosures.length === 0
    ? ''
    : `${JSON.stringify({ disclosures: [...disclosures].sort(), index })}\n`;
}

function manifestOf(version: 1 | 2, log: JsonObject): object {
  return {
    format: 'vouchsafe-forensic-bundle',
    version,
    ...(version === 2 && {
      formats: { csv: 2, ocsf: 2 },
      asked: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
      coveredUntil: '2026-11-22T12:00:00.000Z',
    }),
    exportId: 'export-1',
    createdAt: '2026-11-22T12:00:00.000Z',
    organizationId: 'org-1',
    range: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
    filter: {},
    disclosed: ['details'],
    claim: 'contiguous',
    logs: [
      {
        ...{ id: LOG_ID, origin: ORIGIN, ...log, first: 0, last: (log.size as number) - 1 },
        ...{ expired: [], erased: [], held: [], earlierCheckpoints: [], predecessor: null },
      },
    ],
  };
}
