import path from 'node:path';
import { requireData, withDatabase, type DataDatabase } from '../data/data-database.ts';
import { requireMigrated } from '../data/schema.ts';
import { requireKeksOpen, type ServiceKeys, withServiceKeys } from '../data/service-keys.ts';
import { build } from '../build/workspace.ts';
import { type Given, Refusal, runCommand, UsageError } from '../../libs/service-host/src/command-line.ts';

const root = path.resolve(import.meta.dirname, '../..');

const usage = `Usage: npm run keys -- COMMAND [--data data]

  list                                   lists the key-encryption keys of each service
  rotate-kek                             creates a new key-encryption key for each service, and wraps all keys with it
  retire-keks                            deletes the older ones for good: backups from before their rotation cannot be opened any more
  rotate-organization ORGANIZATION       creates a new key of an organization in each service
  rotate-person ORGANIZATION USER        creates a new key of a person in each service
  seal-marked                            seals, in place, unencrypted values of events whose field was marked personal later
  scrub                                  removes from the disk what erasures and rotations have deleted

The system may be running. While one command runs, others are refused, except list. --data (or VOUCHSAFE_DATA) names its folder.`;

type Command = (services: readonly ServiceKeys[], ids: readonly string[]) => Promise<void>;

const options = { data: { type: 'string' } } as const;
/** The arguments of each command. */
const takes = {
  list: [],
  'rotate-kek': [],
  'retire-keks': [],
  'rotate-organization': ['ORGANIZATION'],
  'rotate-person': ['ORGANIZATION', 'USER'],
  'seal-marked': [],
  scrub: [],
} as const;
type Name = keyof typeof takes;

async function main({ values, positionals: [name, ...args] }: Given<typeof options>): Promise<void> {
  if (!isName(name))
    throw new UsageError(name === undefined ? 'Give a command.' : `Unknown command ${JSON.stringify(name)}.`);
  const ids = idsOf(name, args);
  const folder = path.resolve(root, values.data ?? process.env.VOUCHSAFE_DATA ?? 'data');
  requireData(folder);
  await build(root);
  await withDatabase(folder, async (database) => {
    const command = (await commands(database))[name];
    const { serviceNames } = await import('@vouchsafe/contracts');
    if (name !== 'list') await requireMigrated(root, database, serviceNames);
    await withServiceKeys(database, async (services) => {
      if (name !== 'list' && name !== 'scrub') await requireKeksOpen(services, path.join(folder, 'secrets'));
      await command(services, ids);
    });
  });
}

function isName(name: string | undefined): name is Name {
  return name !== undefined && Object.hasOwn(takes, name);
}

/** @throws UsageError for an argument too many, too: whoever gives `retire-keks` a name expects it to spare the others. */
function idsOf(name: Name, args: readonly string[]): string[] {
  const wanted = takes[name];
  if (args.length !== wanted.length)
    throw new UsageError(`${name} takes ${wanted.join(' and ') || 'no argument'}.`);
  return args.map((text) => {
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
    throw new UsageError(`${JSON.stringify(text)} is not an id.`);
  });
}

/** The packages can be imported once they are built. */
async function commands({ port, secrets }: DataDatabase): Promise<Readonly<Record<Name, Command>>> {
  const { localKeks } = await import('@vouchsafe/vault');
  const { retireOlderKeks, rotateKek, rotateOrganization, rotatePerson } = await import('./rotation.ts');
  const { oneAtATime } = await import('./one-at-a-time.ts');
  const { scrub } = await import('./scrub.ts');
  const { sealMarked } = await import('./seal-marked.ts');
  const { serviceNames } = await import('@vouchsafe/contracts');
  return {
    list: async (services) => {
      for (const { name, kekFile } of services) {
        const [current, ...older] = await localKeks(kekFile);
        say(`${name}: current key ${current ?? 'none'}; older keys: ${older.join(', ') || 'none'}`);
      }
    },
    'rotate-kek': (services) =>
      oneAtATime(databasesOf(services), async () => {
        await Promise.all(services.map((keys) => rotateKek(keys, say)));
      }),
    'retire-keks': (services) =>
      oneAtATime(databasesOf(services), async (stillAlone) => {
        await Promise.all(services.map((keys) => retireOlderKeks(keys, stillAlone, say)));
      }),
    'rotate-organization': async (services, [id = '']) => {
      await oneAtATime(databasesOf(services), async () => {
        await inAny(services, (keys) => rotateOrganization(keys, id, say), `the organization ${id}`);
      });
    },
    'rotate-person': async (services, [organizationId = '', subjectId = '']) => {
      const scope = { organizationId, subjectId };
      await oneAtATime(databasesOf(services), async () => {
        const whose = `the person ${scope.subjectId} in the organization ${scope.organizationId}`;
        await inAny(services, (keys) => rotatePerson(keys, scope, say), whose);
      });
    },
    'seal-marked': (services) =>
      oneAtATime(databasesOf(services), async () => {
        for (const keys of services) await sealMarked(root, keys, say);
      }),
    scrub: (services) =>
      oneAtATime(databasesOf(services), () =>
        scrub(
          `postgres://postgres:${encodeURIComponent(secrets.postgres)}@127.0.0.1:${port}/postgres`,
          serviceNames,
          say,
        ),
      ),
  };
}

/** A service in which an organization or a person did nothing has no key of theirs. @throws Refusal where no service has one: the id may be mistyped */
async function inAny(
  services: readonly ServiceKeys[],
  rotate: (keys: ServiceKeys) => Promise<boolean>,
  whose: string,
): Promise<void> {
  let found = false;
  for (const keys of services) found = (await rotate(keys)) || found;
  if (!found) throw new Refusal(`No service has a key of ${whose}. Nothing was changed: check the id.`);
}

function databasesOf(services: readonly ServiceKeys[]) {
  return services.map(({ database }) => database);
}

function say(line: string): void {
  console.log(line);
}

await runCommand({ usage, options, takesPositionals: true }, main);
