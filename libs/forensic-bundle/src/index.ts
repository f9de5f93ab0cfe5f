export {
  bundleSize,
  stageBundle,
  zipBundle,
  type BundleLog,
  type BundleRequest,
  type BundleStage,
  type StagedFile,
} from './bundle-writer.js';
export { csvCell, csvJson, quoted, startsFormula } from './csv.js';
export { describeEntry, type BundleEntry } from './entry.js';
export { BundleTooLargeError } from './limits.js';
export { formatKeyHistory, type KeyPeriod } from './key-history.js';
export { layOutZip, type ZipMember } from './zip-format.js';
