import path from 'node:path';
import { build } from '../start/build.ts';
import { leavesNothingBehind } from './left-behind.ts';
import { inTurn, sum, tellTally } from './step.ts';
import { runSuites } from './suites.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Those that start a Postgres or a Kafka: the database, the event core, the messaging, and `npm start -- --kafka`. */
const suites = [
  'libs/(database|event-store|vault|messaging|service-host)/',
  'tools/start/kafka',
  'tests/kafka',
];

/**
 * `npm run test:containers`, or `npm run test:containers -- PATTERN`: the same suites as `npm test` runs, on containers alone. Refuses where a container cannot be had: there is nothing else that it could tell of.
 */
async function main(patterns: readonly string[]): Promise<void> {
  process.env.VOUCHSAFE_CONTAINERS = 'on';
  await build(root);
  const { bringImage, containerFacts, chooseServer } = await import('@vouchsafe/testing');
  for (const server of ['postgres', 'kafka'] as const) {
    await bringImage(server, console.log);
    const choice = chooseServer(await containerFacts(server));
    if (choice.by !== 'none') continue;
    console.error(`\n${refusal(choice.reason)}\n`);
    process.exitCode = 1;
    return;
  }
  const checked = patterns.length > 0 ? [] : await inTurn([leavesNothingBehind(root)]);
  tellTally(sum([...checked, await runSuites(root, patterns.length > 0 ? patterns : suites)]));
}

function refusal(reason: string): string {
  return (
    `Nothing was tested: ${reason}.\n` +
    `Start a Docker engine on this machine (docker info must answer), and let it have the images: the official ones are pulled, ` +
    `others are named by VOUCHSAFE_POSTGRES_IMAGE and VOUCHSAFE_KAFKA_IMAGE.\n` +
    `npm test runs the same suites without an engine.`
  );
}

await main(process.argv.slice(2));
