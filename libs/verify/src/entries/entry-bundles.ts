import { encodeEntryBundle, MAX_ENTRY_BYTES, TILE_WIDTH, tileWidth } from '@vouchsafe/transparency-log';
import type { BundleFiles } from '../container/bundle-files.js';
import { entryBundleFile } from '../container/names.js';
import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { Problem, check } from '../problem.js';

/** Each entry stands behind two bytes for its length. */
const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES);

/** Entry bundles (c2sp.org/tlog-tiles) are there for every whole tile of a contiguous range, and for nothing else. */
export function entryBundles(
  { claim }: Manifest,
  log: ManifestLog,
  files: BundleFiles,
): { readonly add: (index: number, leaf: Uint8Array) => void; readonly end: () => void } {
  const prefix = `${log.id}/log/tile/entries/`;
  const unexpected = new Set(files.inFolder(log.id).filter((name) => name.startsWith(prefix)));
  /** Those of the tile so far, from its first on. */
  let leaves: Uint8Array[] = [];
  let next = -1;
  const compare = (tile: number, width: number): void => {
    const name = entryBundleFile(log.id, tile, width);
    const expected = encodeEntryBundle(leaves);
    const isSame = files.whole(name, MAX_BUNDLE_BYTES).equals(expected);
    check(isSame, name, 'it holds other entries than entries.ndjson');
    unexpected.delete(name);
  };
  return {
    add: (index, leaf) => {
      if (claim !== 'contiguous') return;
      const place = index % TILE_WIDTH;
      if (place === 0) leaves = [];
      else if (index !== next) return;
      leaves.push(leaf);
      next = index + 1;
      const tile = Math.floor(index / TILE_WIDTH);
      const width = tileWidth(0, tile, log.size);
      if (leaves.length === width) compare(tile, width);
    },
    end: () => {
      const [name] = unexpected;
      if (name !== undefined) throw new Problem(name, 'its entries are not all in the bundle');
    },
  };
}
