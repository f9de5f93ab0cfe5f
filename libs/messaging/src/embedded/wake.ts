import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * Wakes readers of other processes. A `NOTIFY` takes a lock of the whole server until its transaction has committed, so it never
 * rides on a transaction that writes (the flush would be waited for under the lock): it is a transaction of its own after the
 * append, writes nothing, and calls made while one is on its way share the next. A lost one costs a poll's pause.
 */
export function coalescedNotify(notify: (channel: string) => Promise<void>): (channel: string) => void {
  const wanted = new Set<string>();
  let running = false;
  return (channel) => {
    wanted.add(channel);
    if (running) return;
    running = true;
    void (async () => {
      try {
        for (const next of wanted) {
          wanted.delete(next);
          await notify(next).catch(() => undefined);
        }
      } finally {
        running = false;
      }
    })();
  };
}

/** Listens on a connection of its own and reconnects; while it cannot, polling alone carries the bus. */
export function listen(url: string, onWake: (channel: string) => void): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const work = (async () => {
    while (!stopped.signal.aborted) {
      await session(url, onWake, stopped.signal).catch(() => undefined);
      await sleep(500, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: () => {
      stopped.abort();
      return work;
    },
  };
}

/** Ends when the connection breaks or the signal aborts. */
async function session(url: string, onWake: (channel: string) => void, stop: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'vouchsafe-bus-listen' });
  const broken = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on('notification', ({ payload }) => onWake(payload ?? ''));
  try {
    await client.connect();
    await client.query('listen bus');
    await broken;
  } finally {
    await client.end().catch(() => undefined);
  }
}
