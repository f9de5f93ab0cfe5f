/** @promise P02 (main) stops the boot of a service that has a route or a message handler without a declared permission */
import { type INestApplication, RequestMethod } from '@nestjs/common';
import {
  METHOD_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import { ModulesContainer } from '@nestjs/core';
import { REACTION } from '@vouchsafe/messaging';
import { z } from 'zod';
import { OPERATION, type OperationDeclaration } from './operation.js';

/** A planted mistake stops the boot, with every mistake named. */
export class UndeclaredRouteError extends Error {
  override readonly name = 'UndeclaredRouteError';
}

/** Marks the gateway's catch-all: its operations are declared in the services' documents, the unknown ones refused. */
export const PASSES_ON = 'vouchsafe:passes-on';

/**
 * Denied by default (P02; ARCHITECTURE.md, rule 4): every HTTP route declares its operation and checks what comes in with a strict
 * schema; every message handler declares its reaction. Throws before the service listens.
 */
export function assertEverythingDeclared(app: INestApplication): void {
  const mistakes: string[] = [];
  const operations = new Map<string, string>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype === 'function') mistakes.push(...mistakesOf(metatype, operations));
    }
  }
  if (mistakes.length > 0)
    throw new UndeclaredRouteError(`The service does not boot:\n  ${mistakes.join('\n  ')}`);
}

function mistakesOf(
  controller: { name: string; prototype?: unknown },
  operations: Map<string, string>,
): string[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name];
    if (name === 'constructor' || typeof handler !== 'function') return [];
    const where = `${controller.name}.${name}`;
    if (Reflect.hasMetadata('microservices:pattern', handler) && !Reflect.hasMetadata(REACTION, handler)) {
      return [`${where}: a message handler without @ReactsTo`];
    }
    if (!Reflect.hasMetadata(PATH_METADATA, handler) || Reflect.hasMetadata(PASSES_ON, handler)) return [];
    const declaration = Reflect.getMetadata(OPERATION, handler) as OperationDeclaration | undefined;
    if (!declaration) return [`${where}: a route without @Operation`];
    const taken = operations.get(declaration.operation);
    operations.set(declaration.operation, where);
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
    return [
      ...(taken ? [`${where}: operation ${declaration.operation} is declared by ${taken} as well`] : []),
      ...(readsByWriting(method, declaration)
        ? [`${where}: ${RequestMethod[method]} with effect read; only a .search or a service's question may`]
        : []),
      ...argumentMistakes(controller, name, where),
    ];
  });
}

/** A `write` declared as `read` would start before its access-log entry is durable (P23). */
function readsByWriting(
  method: RequestMethod,
  { effect, operation, permission }: OperationDeclaration,
): boolean {
  const question = operation.endsWith('.search') || permission === 'service';
  return method !== RequestMethod.GET && effect === 'read' && !question;
}

function argumentMistakes(controller: object, name: string, where: string): string[] {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<
    string,
    { schema?: unknown }
  >;
  return Object.entries(args).flatMap(([key, { schema }]) => {
    const kind = checkedKinds[Number(key.split(':')[0])];
    if (!kind) return [];
    if (!schema) return [`${where}: @${kind} without a schema`];
    const open = schema instanceof z.ZodObject && !(schema.def.catchall instanceof z.ZodNever);
    return open ? [`${where}: @${kind} lets unknown fields pass; use z.strictObject`] : [];
  });
}

const checkedKinds: Readonly<Partial<Record<number, string>>> = {
  [RouteParamtypes.BODY]: 'Body',
  [RouteParamtypes.QUERY]: 'Query',
  [RouteParamtypes.PARAM]: 'Param',
};
