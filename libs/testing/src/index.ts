export * from './free-port.js';
export * from './kafka.js';
export * from './local-kafka.js';
export * from './local-postgres.js';
export * from './postgres.js';
export * from './source-process.js';
export * from './inventory-gaps.js';
export * from './small-disk.js';
