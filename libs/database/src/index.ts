export * from './database.js';
export type { EntityManager, EntitySchemas } from './entity-manager.js';
export type { SqlMigration } from './migrations.js';
export * from './provision.js';
export * from './roles.js';
export * from './schema-dump.js';
export * from './separated.js';
export type { SessionLock } from './session-lock.js';
export * from './sql.js';
