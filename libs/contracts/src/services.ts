interface Service {
  /** What ARCHITECTURE.md says of it. */
  readonly holds: string;
  /** Whether its port is the one that the outside reaches; all others stand behind it. */
  readonly public: boolean;
  /** Whose facts it takes: of these services, of all (its own, too), or of all others. It is these that it asks for what the bus did not bring. */
  readonly consumes: readonly string[] | 'all' | 'others';
}

/**
 * Every service, in the order in which they stop. The only place that lists them: the owners of contracts, the topics, who is asked for
 * missing facts, what an erasure waits for, databases, keys, commands, documents and tests follow from it. What a service publishes is
 * what the folder of its name holds here, beside this file. No imports: tools read it before anything is built.
 */
export const services = {
  gateway: {
    holds: 'the only public server: sessions in, access log out, everything else passed on',
    public: true,
    consumes: ['identity'],
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
} as const satisfies Readonly<Record<string, Service>>;

export type ServiceName = keyof typeof services;
export const serviceNames = Object.keys(services) as readonly ServiceName[];

/** Those behind the public one. */
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
