import path from 'node:path';
import { type Given, Refusal, runCommand } from '../../libs/service-host/src/command-line.ts';
import { build } from '../build/workspace.ts';
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

const usage = `Usage: npm run test:containers [-- PATTERN...]

Runs the suites that start a Postgres or a Kafka, or those whose path matches, as npm test does, but only on containers. Refuses where
containers are not available.`;
const options = {} as const;

async function main({ positionals: patterns }: Given<typeof options>): Promise<void> {
  process.env.VOUCHSAFE_CONTAINERS = 'on';
  await build(root);
  const { bringImage, containerFacts, chooseServer } = await import('@vouchsafe/testing');
  for (const server of ['postgres', 'kafka'] as const) {
    await bringImage(server, console.log);
    const choice = chooseServer(await containerFacts(server));
    if (choice.by === 'none') throw new Refusal(refusal(choice.reason));
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

await runCommand({ usage, options, takesPositionals: true }, main);
