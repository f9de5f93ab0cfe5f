import { runJest } from './jest.ts';
import type { Tally } from './step.ts';

/**
 * The suites, all or those whose path matches, on the servers that libs/testing chose, which is told.
 * Everything is built, so that the package can be imported.
 */
export async function runSuites(root: string, patterns: readonly string[]): Promise<Tally> {
  // What must be fetched for the suites is fetched now, not under a test's clock.
  const { bringImage, describeKafka, describePostgres, removeLeftContainers } =
    await import('@vouchsafe/testing');
  await bringImage('postgres', console.log);
  await bringImage('kafka', console.log);
  console.log(`Postgres: ${await describePostgres()}`);
  console.log(`Kafka: ${await describeKafka()}`);
  const tally = await runJest(root, patterns, Boolean(process.env.CI));
  await removeLeftContainers();
  return tally;
}
