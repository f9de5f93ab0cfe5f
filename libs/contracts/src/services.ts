interface Service {
  /** Its description in ARCHITECTURE.md. */
  readonly holds: string;
  /** Whether it is the service that the internet reaches; all others are behind it. */
  readonly public: boolean;
  /** The services whose facts it consumes: these, all (its own, too), or all others. It fetches missing facts from them. */
  readonly consumes: readonly string[] | 'all' | 'others';
}

/**
 * Every service, in the order in which they stop. The only list of them: the owners of contracts, the topics, the sources of missing
 * facts, the receipts of an erasure, databases, keys, commands, documents and tests follow from it. What a service publishes is in the
 * folder of its name beside this file. No imports: tools load it before anything is built.
 */
export const services = {
  gateway: {
    holds: 'the only public server: sessions in, access log out, everything else passed on',
    public: true,
    consumes: ['identity', 'lifecycle'],
  },
  identity: {
    holds: 'who: organizations, people, credentials, sessions, consents, keys',
    public: false,
    consumes: 'all',
  },
  audit: {
    holds: 'what happened: transparency logs, search, forensic export',
    public: false,
    consumes: 'others',
  },
  billing: {
    holds: 'who pays: customers, subscriptions and invoices, on Stripe',
    public: false,
    consumes: ['identity', 'lifecycle'],
  },
  lifecycle: {
    holds: 'how long: the end of an organization, and what becomes of its data',
    public: false,
    consumes: 'all',
  },
} as const satisfies Readonly<Record<string, Service>>;

export type ServiceName = keyof typeof services;
export const serviceNames = Object.keys(services) as readonly ServiceName[];

/** The services behind the public one. */
export type InnerServiceName = {
  [Name in ServiceName]: (typeof services)[Name]['public'] extends true ? never : Name;
}[ServiceName];
export const innerServiceNames = serviceNames.filter(
  (name): name is InnerServiceName => !services[name].public,
);

export function isServiceName(name: string): name is ServiceName {
  return Object.hasOwn(services, name);
}

type ConsumedBy<Name extends ServiceName> = (typeof services)[Name]['consumes'] extends infer Consumes
  ? Consumes extends 'all'
    ? ServiceName
    : Consumes extends readonly string[]
      ? Consumes[number]
      : Exclude<ServiceName, Name>
  : never;

/** The services whose facts a service takes. */
export function consumedBy<Name extends ServiceName>(name: Name): readonly ConsumedBy<Name>[] {
  const consumes: readonly ServiceName[] | 'all' | 'others' = services[name].consumes;
  const consumed =
    typeof consumes === 'string'
      ? serviceNames.filter((one) => consumes === 'all' || one !== name)
      : consumes;
  return consumed as readonly ConsumedBy<Name>[];
}
