import type { INestApplication, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { ModulesContainer } from '@nestjs/core';
import { z } from 'zod';
import { OPERATION, type OperationDeclaration } from '../operation.js';

/** What an operation checks of a part of its input. */
export interface CheckedInput {
  readonly operation: string;
  readonly place: 'body' | 'query' | 'path';
  readonly schema: z.ZodType;
}

/** By the first part of the name that Nest gives a handler's argument. */
const places: ReadonlyMap<string | undefined, CheckedInput['place']> = new Map([
  [String(RouteParamtypes.BODY), 'body'],
  [String(RouteParamtypes.QUERY), 'query'],
  [String(RouteParamtypes.PARAM), 'path'],
]);

export function inputsOf(app: INestApplication): CheckedInput[] {
  return declaredHandlers(app).flatMap(({ controller, name, declaration }) => {
    const found = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as object | undefined;
    return Object.entries(found ?? {}).flatMap(([key, argument]) => {
      const place = places.get(key.split(':')[0]);
      const { schema } = argument as { schema?: unknown };
      return place && schema instanceof z.ZodType
        ? [{ operation: declaration.operation, place, schema }]
        : [];
    });
  });
}

interface DeclaredHandler {
  readonly controller: Type;
  readonly name: string;
  readonly handler: object;
  readonly declaration: OperationDeclaration;
}

export function declaredHandlers(app: INestApplication): DeclaredHandler[] {
  const modules = [...app.get(ModulesContainer).values()];
  return modules
    .flatMap(({ controllers }) => [...controllers.values()].map(({ metatype }) => metatype as Type))
    .flatMap((controller) => {
      const prototype = controller.prototype as Record<string, object>;
      return Object.getOwnPropertyNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        if (typeof handler !== 'function') return [];
        const declaration = Reflect.getMetadata(OPERATION, handler) as OperationDeclaration | undefined;
        return declaration ? [{ controller, name, handler, declaration }] : [];
      });
    });
}
