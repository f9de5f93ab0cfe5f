/** @promise P19 every operation, with another organization's ids: there is no such thing */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fixtureNames, prepare, send } from './openapi.fixtures.ts';
import { makeWorld, untilErasing, untilErasingBy, type World } from './openapi.world.ts';
import { Client } from './system/client.ts';
import { comparable, goldenOperations, operationsOf } from './system/openapi.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

const operations = goldenOperations();

let system: SystemUnderTest;
let ours: World;
let theirs: World;
beforeAll(async () => {
  system = await startForTests();
  [ours, theirs] = [await makeWorld(system), await makeWorld(system)];
}, 180_000);
afterAll(() => system.stop(), 60_000);

describe('the OpenAPI document of the running system', () => {
  it('describes the operations that the services declare, and no others', async () => {
    const served = operationsOf(await new Client(system.url).must(200, 'GET', '/openapi.json'));
    const sorted = (some: typeof operations) =>
      some.map(comparable).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    expect(sorted(served)).toEqual(sorted(operations));
  });

  it('describes no operation that is not tried here, and no fixture is left over', () => {
    expect([...fixtureNames].sort()).toEqual(operations.map(({ name }) => name).sort());
  });
});

/** P19: what is one organization's does not exist for another, whatever the operation. */
describe("another organization's session and key", () => {
  it.each(operations.map((operation) => [operation.name, operation] as const))(
    'get nothing of ours and change nothing by %s',
    async (_, operation) => {
      const request = await prepare(operation, ours);
      const byItself = request.as.cookie === null && request.as.apiKey === null;
      const named = request.refers ?? operation.path.includes('{');
      const before = await stateOf(byItself ? theirs : ours);
      // Whoever holds an email's token or a log-in's challenge is who it was made for: the request itself is the authority.
      if (!byItself) {
        for (const stranger of [theirs.owner.browser, theirs.backEnd]) {
          const answer = await send(operation, request, stranger);
          if (named) expect([403, 404]).toContain(answer.status);
          expect([...ours.marks].filter((mark) => answer.text.includes(mark))).toEqual([]);
        }
        expect(await stateOf(ours)).toEqual(before);
      }
      const answer = await send(operation, request);
      expect(`${answer.status} ${answer.text}`).toMatch(new RegExp(`^(${operation.successes.join('|')}) `));
      if (operation.name === 'member.erase') await untilErasing(ours, request.params?.id ?? '');
      if (operation.name === 'data-request.approve') await untilErasingBy(ours, request.params?.id ?? '');
      if (byItself) expect(await stateOf(theirs)).toEqual(before);
    },
    60_000,
  );
});

/** What an organization's owner sees of it; times of last use aside, which asking itself moves. */
async function stateOf({ owner, backEnd }: World): Promise<unknown> {
  const paths = [
    '/v1/organization',
    '/v1/members?limit=200',
    '/v1/invitations?limit=200',
    '/v1/api-keys?limit=200',
    '/v1/security-overview',
    '/v1/audit/readers',
    '/v1/audit/entries?outcome=success&operation=invoice.read&limit=1000',
  ];
  const answers = await Promise.all(
    paths.map((path) => (path.startsWith('/v1/audit') ? backEnd : owner.browser).must(200, 'GET', path)),
  );
  return JSON.parse(
    JSON.stringify(answers, (key, value: unknown) => (/^last(Used|Seen)At$/.test(key) ? undefined : value)),
  );
}
