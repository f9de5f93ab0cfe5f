export * from './organization-erased.js';
export * from './subject-erased.js';
