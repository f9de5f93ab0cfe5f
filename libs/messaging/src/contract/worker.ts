import type { Bus } from '../bus.js';
import type { WorkerReport, WorkerTask } from './worker-process.js';

/** A publisher or a member of a group as a process of its own; told what to do by its first argument. */
const { module, options, task } = JSON.parse(process.argv[2] ?? '') as {
  module: string;
  options: unknown;
  task: WorkerTask;
};
const { openBus } = (await import(module)) as { openBus: (options: unknown) => Bus };
const bus = openBus(options);

function report(line: WorkerReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function publish({ topic, keys, batches }: WorkerTask & { role: 'publish' }): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) {
    const messages = keys.flatMap((key) =>
      [0, 1, 2].map((n) => ({
        key,
        headers: { ce_id: `${key}/${batch * 3 + n}` },
        value: String(batch * 3 + n),
      })),
    );
    await bus.send(topic, messages);
    report({ kind: 'acknowledged', upTo: batch * 3 + 2 });
  }
  await bus.close();
  report({ kind: 'done' });
}

async function consume({ group, topic, pauseMs }: WorkerTask & { role: 'consume' }): Promise<void> {
  const subscription = await bus.subscribe({
    group,
    topics: [topic],
    startFrom: ({ committed }) => Promise.resolve(committed ?? 'earliest'),
    onAssigned: ({ partition }) => report({ kind: 'assigned', partition }),
    onRevoked: ({ partition }) => report({ kind: 'revoked', partition }),
    onBatch: async ({ partition, messages }) => {
      report({ kind: 'begun', partition, first: String(messages[0]?.offset) });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      report({
        kind: 'batch',
        partition,
        messages: messages.map(({ offset, key, value }) => ({ offset: String(offset), key, value })),
      });
    },
  });
  process.on('SIGTERM', () => {
    void subscription.close().then(() => bus.close());
  });
}

if (task.role === 'publish') await publish(task);
else await consume(task);
