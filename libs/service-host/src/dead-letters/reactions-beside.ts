import { type INestApplicationContext, Module, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Reaction, reactionsIn } from '@vouchsafe/messaging';
import type { z } from 'zod';
import { reactionControllers, type ServiceDefinition } from '../boot.js';
import type { HostConfig } from '../config.js';

export interface ReactionsBeside {
  readonly reactions: readonly Reaction[];
  /** Has the providers of the reactions. */
  readonly app: INestApplicationContext;
}

/**
 * The reactions of a service, for a separate program that runs beside it: all reactions of the service's module, so that they are declared
 * once and none is left out. They are made from `providers`; nothing else of the service is instantiated, and nothing listens.
 * @throws where a reaction uses what is not provided
 */
export async function reactionsBeside<Config extends z.ZodObject>(
  definition: ServiceDefinition<Config>,
  config: z.output<Config> & HostConfig,
  providers: readonly Provider[],
): Promise<ReactionsBeside> {
  const controllers = await reactionControllers(definition, config);
  const app = await NestFactory.createApplicationContext(
    { module: Beside, controllers, providers: [...providers] },
    { logger: false, abortOnError: false },
  );
  return { app, reactions: controllers.flatMap((controller) => reactionsIn(app.get<object>(controller))) };
}

@Module({})
class Beside {}
