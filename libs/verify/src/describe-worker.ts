import { parentPort } from 'node:worker_threads';
import { describeBatch, type EntryBatch } from './describe-batch.js';

parentPort?.on('message', (batch: EntryBatch) => {
  const described = describeBatch(batch);
  parentPort?.postMessage(described, [described.csv.bytes.buffer, described.ocsf.bytes.buffer]);
});
