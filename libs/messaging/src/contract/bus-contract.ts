import { describe } from '@jest/globals';
import { busSuite, type BusUnderTest } from './bus-suite.js';
import { declaredTopics } from './declared-topics.js';
import { groupMembers } from './group-members.js';
import { keptMessages } from './kept-messages.js';
import { readingFurther } from './reading-further.js';

/** What every bus keeps, seen from processes of their own, some of which are killed. */
export function busContract(name: string, make: () => Promise<BusUnderTest>, missing?: string): void {
  const skipped = missing === undefined ? '' : ` (skipped: ${missing})`;
  (missing === undefined ? describe : describe.skip)(`${name}, as a bus,${skipped}`, () => {
    const the = busSuite(make);
    keptMessages(the);
    groupMembers(the);
    readingFurther(the);
    declaredTopics(the);
  });
}
