import { registerHooks } from 'node:module';

/** Says what is loaded of MikroORM after a transaction of SQL, and after a migration. */
const loaded = new Set<string>();
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    const [, name] = /node_modules\/(@mikro-orm\/[^/]+|kysely)\//.exec(found.url) ?? [];
    if (name !== undefined) loaded.add(name);
    return found;
  },
});
const { DATABASE_URL = '', PASSWORD = '' } = process.env;
const { Database } = await import('./index.js');
const database = new Database({ service: 'things', url: DATABASE_URL, password: () => PASSWORD });
await database.asWorker((sql) => sql.query('select 1'));
console.log(`with SQL: ${[...loaded].sort().join(' ')}.`);
await database.migrate([]);
console.log(`with a migration: ${[...loaded].sort().join(' ')}.`);
await database.close();
