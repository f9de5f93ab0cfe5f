/** @promise P02 (main) stops the boot of a service that has a route or a message handler without a declared permission */
import { type INestApplication, RequestMethod, type Type } from '@nestjs/common';
import {
  METHOD_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import { ModulesContainer } from '@nestjs/core';
import { consumedBy, isServiceName, type ServiceName } from '@vouchsafe/contracts';
import { REACTION, type ReactionDeclaration } from '@vouchsafe/messaging';
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
 * schema; every message handler declares its reaction, to facts that the list of services says this one consumes. Throws before the
 * service listens.
 */
export function assertEverythingDeclared(app: INestApplication, service: string): void {
  const operations = new Map<string, string>();
  const mistakes = controllersIn(app).flatMap((controller) => mistakesOf(controller, operations));
  const consumed: readonly string[] = isServiceName(service) ? consumedBy(service) : [];
  const unlisted = reactionsIn(app)
    .filter(({ contract }) => !consumed.includes(contract.owner))
    .map(
      ({ where, contract }) =>
        `${where}: reacts to ${contract.type}, but ${service} is not listed as a consumer of ${contract.owner}`,
    );
  stopAt([...mistakes, ...unlisted]);
}

/** The other way round, for a service that consumes: there is a reaction to something of every service that the list names. */
export function assertEverythingConsumed(app: INestApplication, service: ServiceName): void {
  const owners = new Set(reactionsIn(app).map(({ contract }) => contract.owner));
  const unused = consumedBy(service).filter((name) => !owners.has(name));
  stopAt(
    unused.map((name) => `${service} is listed as a consumer of ${name}, but reacts to none of its facts`),
  );
}

function stopAt(mistakes: readonly string[]): void {
  if (mistakes.length > 0)
    throw new UndeclaredRouteError(`The service does not boot:\n  ${mistakes.join('\n  ')}`);
}

interface ControllerClass {
  readonly name: string;
  readonly prototype?: unknown;
}

function controllersIn(app: INestApplication): ControllerClass[] {
  return [...app.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].flatMap(({ metatype }) =>
      typeof metatype === 'function' ? [metatype] : [],
    ),
  );
}

/** Those of which a method reacts to facts. */
export function controllersWithReactions(app: INestApplication): Type[] {
  return controllersIn(app).filter((controller) => contractsOf(controller).length > 0) as Type[];
}

/** Every contract that a method reacts to. */
function reactionsIn(app: INestApplication) {
  return controllersIn(app).flatMap(contractsOf);
}

function contractsOf(controller: ControllerClass) {
  return methodsOf(controller).flatMap(({ where, handler }) => {
    const reaction = Reflect.getMetadata(REACTION, handler) as ReactionDeclaration | undefined;
    return (reaction?.contracts ?? []).map((contract) => ({ where, contract }));
  });
}

function methodsOf({ name: controller, prototype }: ControllerClass) {
  const methods = prototype as Readonly<Record<string, unknown>>;
  return Object.getOwnPropertyNames(methods).flatMap((name) => {
    const handler = methods[name];
    return name === 'constructor' || typeof handler !== 'function'
      ? []
      : [{ name, where: `${controller}.${name}`, handler }];
  });
}

function mistakesOf(controller: ControllerClass, operations: Map<string, string>): string[] {
  return methodsOf(controller).flatMap(({ name, where, handler }) => {
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
        ? [
            `${where}: ${RequestMethod[method]} with effect read; only a .search, a .preview or a service's question may`,
          ]
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
  const question = /\.(search|preview)$/.test(operation) || permission === 'service';
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
