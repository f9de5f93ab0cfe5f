import { MikroORM } from '@mikro-orm/postgresql';
import type { EntitySchemas } from '@vouchsafe/database';

/**
 * What would have to change in a migrated database for its tables to be as entities say: SQL, and none where they agree in every
 * column, type, default, key and constraint. Row-level security and privileges are the golden schema's to show, and so is
 * every table that no entity maps.
 * @param url of a role that owns the tables
 */
export async function entityDifference(url: string, entities: EntitySchemas): Promise<string> {
  // MikroORM asks by either name, with the schema and without.
  const others = new RegExp(`^(?!(public\\.)?(${entities.map(({ meta }) => meta.tableName).join('|')})$)`);
  const orm = await MikroORM.init({
    clientUrl: url,
    entities: [...entities],
    schemaGenerator: { ignorePolicies: true, skipTables: [others] },
    debug: false,
  });
  try {
    return await orm.schema.getUpdateSchemaSQL({ dropTables: false });
  } finally {
    await orm.close();
  }
}
