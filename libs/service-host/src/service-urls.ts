import { consumedBy, type ServiceName, serviceNames } from '@vouchsafe/contracts';
import { z } from 'zod';

/** The variable that says where a service is asked by the others: `VOUCHSAFE_AUDIT_URL`. */
export type UrlVariable<Name extends ServiceName> = `VOUCHSAFE_${Uppercase<Name>}_URL`;

export function urlVariable<Name extends ServiceName>(name: Name): UrlVariable<Name> {
  return `VOUCHSAFE_${name.toUpperCase() as Uppercase<Name>}_URL`;
}

/** Those of all services, for whoever starts them. */
export function serviceUrlVariables(urlOf: (name: ServiceName) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(serviceNames.map((name) => [urlVariable(name), urlOf(name)]));
}

type UrlVariables<Name extends ServiceName> = { [One in Name as UrlVariable<One>]: z.ZodURL };

/** The environment variables of the services that one asks, for its configuration. */
export function serviceUrls<Name extends ServiceName>(names: readonly Name[]): UrlVariables<Name> {
  const url = z.url({ protocol: /^https?$/ });
  return Object.fromEntries(names.map((name) => [urlVariable(name), url])) as UrlVariables<Name>;
}

/** `http://host:port` of each service whose facts a service takes: it is asked for what the bus did not bring. */
export function originsFor(
  service: ServiceName,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    consumedBy(service).map((name) => [name, z.string().parse(config[urlVariable(name)])]),
  );
}
