export * from './subject-erased.js';
