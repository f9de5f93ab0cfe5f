import { hash } from 'node:crypto';
import { append, emptyTree, leafHashes, type RightEdge } from '@vouchsafe/transparency-log';
import { type Row, timed } from '../harness.ts';

const LEAVES = 1_000_000;
const BATCH = 1000;
const BYTES = 500;

/** A tree with its tiles grown leaf by leaf, beside a bare loop over just the hashes that it takes. */
export const row: Row = {
  run: async ({ compete, size }) => {
    const leaves = size(LEAVES);
    const batch = Array.from({ length: BATCH }, (_, i) => Buffer.alloc(BYTES, i));
    await compete({
      variant: '',
      conditions: {
        concurrency: 'one thread',
        payload: `${leaves} leaves of ${BYTES} B, ${BATCH} an append`,
        durability: 'none: in memory',
      },
      ours: () => timed(leaves, () => grow(batch, leaves)),
      peers: [
        {
          name: 'bare loop of crypto.hash',
          atLeast: 0.8,
          run: () => timed(leaves, () => bareHashes(leaves)),
        },
      ],
    });
  },
};

function grow(batch: readonly Buffer[], leaves: number): void {
  let tree: RightEdge = emptyTree;
  let tileBytes = 0;
  while (tree.size < leaves) {
    const grown = append(tree, leafHashes(batch.slice(0, leaves - tree.size)));
    tree = grown.tree;
    for (const tile of grown.tiles) tileBytes += tile.hashes.length;
  }
  if (tileBytes < leaves * 32) throw new Error('Tiles are missing');
}

/** As many leaf hashes, and one node hash less, in the form that is fastest in this Node. Nothing is kept. */
function bareHashes(leaves: number): void {
  const leaf = Buffer.alloc(BYTES + 1);
  const node = Buffer.alloc(65, 1);
  for (let i = 0; i < leaves; i += 1) hash('sha256', leaf, 'binary');
  for (let i = 1; i < leaves; i += 1) hash('sha256', node, 'binary');
}
