import { parentPort } from 'node:worker_threads';
import { describeBatch, type EntryBatch } from './describe-batch.js';

parentPort?.on('message', (batch: EntryBatch) => {
  const described = describeBatch(batch);
  const { csv, ocsf, leafHashes } = described;
  parentPort?.postMessage(described, [csv.bytes.buffer, ocsf.bytes.buffer, leafHashes.buffer]);
});
