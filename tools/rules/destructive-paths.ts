/** @promise P31 finds whatever destroys data, from the code: all of it asks the legal holds, or says why it need not */
import ts from 'typescript';

export interface DestructivePath {
  readonly file: string;
  readonly line: number;
  /** `delete from email`, `asRetention`, `rm`. */
  readonly what: string;
}

/** Calls that destroy, whatever they are called on. */
const destructiveCalls = new Set([
  ...['asRetention', 'destroySubject', 'destroyOrganization', 'nativeDelete', 'deleteTransitKeysUpTo'],
  ...['rm', 'rmSync', 'unlink', 'unlinkSync', 'truncate', 'truncateSync'],
  // A customer, and a card, at Stripe.
  ...['customers.del', 'paymentMethods.detach'],
]);
/** Commands of S3. */
const destructiveCommands = new Set([
  ...['DeleteObjectCommand', 'DeleteObjectsCommand', 'DeleteBucketCommand', 'AbortMultipartUploadCommand'],
]);
/** Types whose methods named `remove...` destroy. */
const bodyStores = new Set(['BodyStore', 'FolderBodyStore', 'S3BodyStore']);
const destructiveSql = [
  /\b(delete\s+from|truncate(?:\s+table)?)\s+(?:only\s+)?(?!on\b)([a-z_?][a-z_.]*)/gi,
  // A key, a sealed value or a hash that is cleared is gone, too.
  /\b(?:set|,)\s+()([a-z_]*(?:sealed|key|hash)[a-z_]*)\s*=\s*null\b/gi,
];

/** Their work runs when the holds were asked, and before one is confirmed (libs/service-host/src/data-stores/destroying.ts). */
const asking = new Set(['destroying', 'destroyingAcross', 'destroy', 'outside']);

/**
 * What destroys in a file, but for what stands in the work of a transaction that asks. Grants and policies of migrations destroy nothing.
 */
export function destructivePathsIn(file: string, text: string): DestructivePath[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: DestructivePath[] = [];
  const add = (node: ts.Node, what: string) => {
    if (asks(node)) return;
    found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, what });
  };
  const stores = namesOfBodyStores(source);
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const name = calledName(node.expression);
      const receiver = receiverOf(node.expression) ?? '';
      for (const what of [name, `${receiver}.${name ?? ''}`])
        if (what !== undefined && destructiveCalls.has(what)) add(node, what);
      if (name?.startsWith('remove') && stores.has(receiver)) add(node, `${name} of a store of bodies`);
    }
    if (ts.isNewExpression(node)) {
      const name = calledName(node.expression);
      if (name !== undefined && destructiveCommands.has(name)) add(node, name);
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node))
      for (const form of destructiveSql)
        for (const [, verb = '', name = ''] of textOf(node).matchAll(form))
          add(node, `${verb === '' ? 'clear' : verb.toLowerCase().replaceAll(/\s+/g, ' ')} ${name}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function calledName(called: ts.Expression): string | undefined {
  if (ts.isIdentifier(called)) return called.text;
  return ts.isPropertyAccessExpression(called) ? called.name.text : undefined;
}

/** Parameters and properties of a file that are declared as a store of bodies. */
function namesOfBodyStores(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (
      (ts.isParameter(node) || ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) &&
      bodyStores.has(node.type?.getText(source) ?? '')
    )
      names.add(node.name.getText(source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** `bodies` of `this.bodies.remove`. */
function receiverOf(called: ts.Expression): string | undefined {
  return ts.isPropertyAccessExpression(called) ? calledName(called.expression) : undefined;
}

/** A name that is put into the statement reads as `?`. */
function textOf(node: ts.StringLiteral | ts.NoSubstitutionTemplateLiteral | ts.TemplateExpression): string {
  if (!ts.isTemplateExpression(node)) return node.text;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('?');
}

function asks(node: ts.Node): boolean {
  for (let at = node.parent as ts.Node | undefined; at !== undefined; at = at.parent)
    if (ts.isCallExpression(at) && asking.has(calledName(at.expression) ?? '') && at !== node) return true;
  return false;
}
