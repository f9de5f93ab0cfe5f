import type { Answer } from '../../system/client.ts';
import type { Memory } from '../memory.ts';
import type { Finding } from './finding.ts';
import { includes, leafHash, openCheckpoint } from './merkle.ts';

export interface PublicLog {
  readonly organizationId: string;
  readonly logId: string;
  /** Asks the gateway, as the organization's back end. */
  readonly ask: (operation: string, path: string) => Promise<Answer | null>;
}

/** What anybody with a key sees of a log: its keys, its checkpoint, and proofs of some of the entries that were acknowledged. */
export async function checkPublicLog(
  { logId, organizationId, ask }: PublicLog,
  memory: Memory,
  choose: <T>(from: readonly T[]) => T,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const missing = (what: string): void => void found.push({ kind: 'acknowledged and missing', what });
  const get = async (operation: string, path: string): Promise<Answer | null> => {
    const answer = await ask(operation, path);
    if (answer?.status === 200) return answer;
    missing(`${path} was answered ${answer?.status ?? 'by nobody'} by a system that is whole`);
    return null;
  };

  const list = await get('audit-log.list', '/v1/audit/logs');
  const { logs } = (list?.json() ?? { logs: [] }) as { logs: { logId: string; vkey: string }[] };
  const vkeys = logs.filter((log) => log.logId === logId).map(({ vkey }) => vkey);
  const opened = (note: string) =>
    vkeys.map((vkey) => openCheckpoint(note, vkey)).find((one) => one !== null);

  const newest = await get('audit-log.checkpoint', `/v1/audit/logs/${logId}/checkpoint`);
  if (newest) {
    memory.checkpoints.push({ logId, note: newest.text });
    if (!opened(newest.text))
      found.push({ kind: 'log fork', what: `log ${logId}: its checkpoint is not signed` });
  }

  const acknowledged = memory.batches.filter(
    (batch) => batch.organizationId === organizationId && batch.locations,
  );
  for (let asked = 0; asked < Math.min(3, acknowledged.length); asked += 1) {
    const location = choose(choose(acknowledged).locations ?? []);
    const path = `/v1/audit/entries/${location.logId}/${location.index}`;
    const answer = await get('audit-entry.read', path);
    if (!answer) continue;
    const { leaf, proof } = answer.json() as { leaf: string; proof: string };
    const checkpoint = opened(proof.slice(proof.indexOf('\n\n') + 2));
    const hashes = proof
      .slice(0, proof.indexOf('\n\n'))
      .split('\n')
      .filter((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))
      .map((line) => Buffer.from(line, 'base64'));
    const holds =
      checkpoint &&
      includes({ ...checkpoint, index: location.index }, leafHash(Buffer.from(leaf, 'base64')), hashes);
    if (!holds) found.push({ kind: 'log fork', what: `${path}: its proof does not lead to a signed tree` });
  }
  return found;
}
