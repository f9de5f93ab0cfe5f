import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';

/** What the host gives to every module of a service: `Clock`, `Ids`, `Metrics`, `Readiness`, `InternalClient`, ... */
@Global()
@Module({})
export class HostModule {
  static with(providers: Provider[], imports: DynamicModule['imports']): DynamicModule {
    const exported = providers.map((provider) =>
      typeof provider === 'function' ? provider : provider.provide,
    );
    return { module: HostModule, providers, exports: exported, imports: imports ?? [] };
  }
}
