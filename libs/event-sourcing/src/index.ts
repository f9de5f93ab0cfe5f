export * from './decider.js';
export * from './event-catalog.js';
export * from './given.js';
export * from './ids.js';
export * from './personal.js';
