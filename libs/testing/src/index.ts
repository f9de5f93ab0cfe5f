export * from './local-postgres.js';
export * from './postgres.js';
