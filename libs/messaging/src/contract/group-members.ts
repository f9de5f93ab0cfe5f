import { expect, it } from '@jest/globals';
import { type BusSuite, done, assigned, messagesOf, PARTITIONS } from './bus-suite.js';
import { eventually } from './support.js';
import type { WorkerReport } from './worker-process.js';

/** How the members of a group, processes of their own, share partitions out; some are killed or frozen. */
export function groupMembers(the: BusSuite): void {
  it('gives each message to one member of a group, and to every group', async () => {
    const everything: Record<string, WorkerReport[]> = { left: [], right: [] };
    const members = [the.member('left', 0, everything.left), the.member('left', 0, everything.left)];
    members.push(the.member('right', 0, everything.right));
    await eventually(() => members.every((each) => assigned(each).size > 0));
    await eventually(() => assigned(members[0]).size === 2 && assigned(members[1]).size === 2);
    const sending = the.publisher(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 10);
    await eventually(done(sending));
    for (const reports of Object.values(everything)) {
      await eventually(() => messagesOf(reports).length >= 240);
      const read = messagesOf(reports).map(({ partition, offset }) => `${partition}/${offset}`);
      expect(new Set(read).size).toBe(240);
      expect(read.length).toBe(240);
    }
    expect(members.slice(0, 2).every((each) => messagesOf(each.reports).length > 0)).toBe(true);
  });

  it('shares out anew when members come and go, without two that read the same partition', async () => {
    const all: WorkerReport[] = [];
    const first = the.member('group', 1, all);
    await eventually(() => assigned(first).size === PARTITIONS);
    const sending = the.publisher(['a', 'b', 'c', 'd', 'e', 'f'], 60);
    const second = the.member('group', 1, all);
    await eventually(() => assigned(first).size === 2 && assigned(second).size === 2);
    await first.stop();
    await eventually(() => assigned(second).size === PARTITIONS);
    await eventually(done(sending));
    await eventually(() => messagesOf(all).length >= 1_080);
    const read = messagesOf(all).map(({ partition, offset }) => `${partition}/${offset}`);
    // Both left in peace, so nothing was delivered twice.
    expect(new Set(read).size).toBe(1_080);
    expect(read.length).toBe(1_080);
  });

  it('gives the batch in which a member was killed to another one', async () => {
    const doomed = the.member('group', 60_000);
    await eventually(() => assigned(doomed).size === PARTITIONS);
    await the.say('a', '1', '2', '3');
    await eventually(() => doomed.reports.some(({ kind }) => kind === 'begun'));
    await doomed.kill();
    const heir = the.member('group');
    await eventually(() => messagesOf(heir.reports).length >= 3);
    expect(messagesOf(heir.reports).map(({ value }) => value)).toEqual(['1', '2', '3']);
  });

  it('takes the partitions of a member that is frozen, which has lost them when it thaws', async () => {
    const frozen = the.member('group');
    await eventually(() => assigned(frozen).size === PARTITIONS);
    frozen.freeze();
    const heir = the.member('group');
    await eventually(() => assigned(heir).size === PARTITIONS);
    await the.say('a', '1', '2');
    await eventually(() => messagesOf(heir.reports).length === 2);
    frozen.thaw();
    await eventually(() => assigned(frozen).size === 2 && assigned(heir).size === 2);
  });
}
