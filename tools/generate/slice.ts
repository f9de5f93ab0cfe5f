import { namesOf, type NewFile } from './names.ts';
import * as operations from './slice-operations.ts';
import * as stream from './slice-stream.ts';

/**
 * A small slice that works: created and retired, over HTTP, with its own spec. What it means is for its author to write. That of a
 * new service is listed, too, and what happens to it is published.
 */
export function sliceFiles(noun: string, service?: string): NewFile[] {
  const names = namesOf(noun);
  const file = (name: string, text: string) => ({ path: `${noun}/${name}.ts`, text });
  const isListed = service !== undefined;
  return [
    file(`${noun}.events`, stream.events(names, isListed ? 'published' : 'private')),
    file(`${noun}.decider`, stream.decider(names)),
    file(`${noun}.aggregate`, stream.aggregate(names, isListed)),
    file(`create-${noun}`, operations.create(names)),
    file(`retire-${noun}`, operations.retire(names)),
    ...(isListed
      ? [
          file(`list-${noun}s`, operations.list(names)),
          file(`${noun}.projection`, stream.projection(names)),
          file(`${noun}.published`, stream.published(names, service)),
        ]
      : []),
    file(`${noun}.controller`, operations.controller(names, isListed)),
    file(`${noun}.spec`, stream.spec(names)),
  ];
}

/** What its author does next; all of it is checked by tests. */
export function nextSteps(service: string, noun: string): string {
  const { camel, pascal } = namesOf(noun);
  return `Next:
  1. List ${pascal}Controller, and Create${pascal} and Retire${pascal} as providers, in the composition module, services/${service}/src/${service}.module.ts.
  2. List ${camel}Events in services/${service}/src/${service}.publishing.ts: published or private, the relay must know (rule 5).
  3. Say in tests/operations/${service}.ts how its operations are tried.
  4. npm run golden: the OpenAPI document has new operations, from which the gateway opens its routes.`;
}
