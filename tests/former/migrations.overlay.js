/**
 * Replaces `migrations` in a former release's libs/database; the original lies beside it as `former-migrations`. Whatever list of steps
 * that release's code migrates a database by, the steps of today are taken. Plain JavaScript, because it is put into the sources as well
 * as into the build.
 */
import { readFileSync } from 'node:fs';
import { toMikroOrmMigrations as asFormerly } from './former-migrations.js';

export * from './former-migrations.js';

/** Today's steps, a list for each database; roles stand in them as `{{worker}}`. */
const today = JSON.parse(readFileSync(new URL('../../../todays-migrations.json', import.meta.url), 'utf8'));

/** The `vault` in `vault-001-keys`. */
const packageOf = ({ name }) => name.replace(/-\d{3}-.*$/, '');

/** A service's own steps are the last of its list, and in no other list. */
function stepsInPlaceOf(former) {
  const packages = new Set(former.map(packageOf));
  const whole = today.find((list) => packages.has(packageOf(list.at(-1))));
  if (whole) return whole.map(withRoles);
  return [...packages].flatMap((name) => {
    const of = (steps) => steps.filter((step) => packageOf(step) === name);
    const [first] = today.map(of).filter((steps) => steps.length > 0);
    return first ? first.map(withRoles) : of(former);
  });
}

function withRoles({ name, sql }) {
  return { name, sql: (roles) => sql.replaceAll(/\{\{(\w+)\}\}/g, (_, role) => roles[role]) };
}

export function toMikroOrmMigrations(steps, roles) {
  return asFormerly(stepsInPlaceOf(steps), roles);
}
