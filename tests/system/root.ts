import path from 'node:path';

/** The clone. */
export const root = path.resolve(import.meta.dirname, '../..');
