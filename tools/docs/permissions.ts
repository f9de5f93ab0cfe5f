import { readFileSync } from 'node:fs';
import path from 'node:path';
import { innerServiceNames } from '../../libs/contracts/src/services.ts';
import {
  keyPermissions,
  type Permission,
  permissionMeanings,
  permissions,
} from '../../libs/service-host/src/permissions.ts';
import { permissionsByRole } from '../../services/identity/src/permission/permissions.ts';

/** docs/permissions.md, below its introduction: what each permission allows and who can have it, and the operations that require it. */
export function permissionTables(root: string): string {
  const operations = publishedOperations(root);
  const described = permissions.map((permission) => {
    const roles = rolesWith(permission).map((role) => `\`${role}\``);
    const row = [
      `\`${permission}\``,
      permissionMeanings[permission],
      roles.join(', ') || 'none',
      (keyPermissions as readonly string[]).includes(permission) ? 'yes' : 'no',
    ];
    return `| ${row.join(' | ')} |`;
  });
  const required = permissions.flatMap((permission) =>
    operations
      .filter((operation) => operation.permission === permission)
      .map(({ request, summary }) => `| \`${permission}\` | \`${request}\` | ${summary} |`),
  );
  return [
    ['| permission | what it allows | roles that have it | as a scope of an API key |', '|---|---|---|---|'],
    described,
    ['', '## Operations', '', '| permission | operation | what it does |', '|---|---|---|'],
    required,
  ]
    .flat()
    .join('\n');
}

function rolesWith(permission: Permission): string[] {
  return Object.entries(permissionsByRole)
    .filter(([, held]) => (held as readonly string[]).includes(permission))
    .map(([role]) => role);
}

interface Described {
  readonly summary: string;
  readonly 'x-permission': string;
}

/** The operations of every service's golden OpenAPI document. */
function publishedOperations(root: string) {
  return innerServiceNames.flatMap((name) => {
    const text = readFileSync(path.join(root, 'services', name, 'golden/openapi.json'), 'utf8');
    const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, Described>> };
    return Object.entries(paths).flatMap(([route, item]) =>
      Object.entries(item).map(([method, described]) => ({
        request: `${method.toUpperCase()} ${route}`,
        summary: described.summary,
        permission: described['x-permission'],
      })),
    );
  });
}
