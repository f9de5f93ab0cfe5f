import { Controller, Injectable, Module, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { identityFacts } from '@vouchsafe/contracts';
import { ReactsTo, type Received } from '@vouchsafe/messaging';
import { z } from 'zod';
import { hostConfig, type ServiceDefinition } from '../index.js';
import { reactionsBeside } from './reactions-beside.js';

const seen: string[] = [];

@Injectable()
class Names {
  keep(name: string): void {
    seen.push(name);
  }
}

@Controller()
class RenameReactions {
  constructor(private readonly names: Names) {}

  @ReactsTo(identityFacts.userRenamed, { permission: 'members:write' })
  keep({ type }: Received): Promise<void> {
    this.names.keep(type);
    return Promise.resolve();
  }
}

@Controller()
class SessionReactions {
  @ReactsTo([identityFacts.sessionEnded, identityFacts.loggedIn], {
    permission: 'members:write',
    batch: true,
  })
  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** Runs only in the service itself. */
@Injectable()
class Worker implements OnApplicationBootstrap {
  onApplicationBootstrap(): void {
    seen.push('a worker');
  }
}

@Module({ controllers: [SessionReactions] })
class SessionModule {}

@Module({ imports: [SessionModule], controllers: [RenameReactions], providers: [Names, Worker] })
class GatewayModule {}

const settings = z.object({ LAMPS: z.string() });
const definition = {
  name: 'gateway',
  title: 'Reacts',
  config: settings,
  module: (): Type => GatewayModule,
} satisfies ServiceDefinition<typeof settings>;
const config = hostConfig.extend(settings.shape).parse({
  LAMPS: 'two',
  PORT: '0',
  VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: 'unused',
  VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: 'unused',
});

describe('the reactions of a service, beside it', () => {
  it('are those of all its modules, and nothing else of it is instantiated', async () => {
    const { reactions, app } = await reactionsBeside(definition, config, [Names]);
    const types = reactions.flatMap(({ contracts }) => contracts.map(({ type }) => type));
    expect(types.toSorted()).toEqual(
      [identityFacts.loggedIn, identityFacts.sessionEnded, identityFacts.userRenamed].map(({ type }) => type),
    );
    const [renamed] = reactions.filter(({ contracts }) => contracts.includes(identityFacts.userRenamed));
    await (renamed?.handle as (fact: object, transaction: object) => Promise<void>)({ type: 'renamed' }, {});
    expect(seen).toEqual(['renamed']);
    await app.close();
  });

  it('are refused where one uses what is not provided', async () => {
    await expect(reactionsBeside(definition, config, [])).rejects.toThrow('RenameReactions');
  });
});
