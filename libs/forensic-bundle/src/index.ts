export {
  bundleSize,
  stageBundle,
  zipBundle,
  type BundleLog,
  type BundleRequest,
  type BundleStage,
  type StagedFile,
} from './bundle-writer.js';
export { CSV_HEADER } from './csv.js';
export { describeEntry, disclosureLine, type BundleEntry, type DescribedEntry } from './entry.js';
export { formatKeyHistory, parseKeyHistory, type KeyPeriod } from './key-history.js';
export {
  formatManifest,
  manifestKeyNames,
  manifestNoteText,
  parseManifest,
  type Claim,
  type Manifest,
  type ManifestLog,
} from './manifest.js';
export { fileDigest, type FileDigest } from './member-digest.js';
export {
  KEY_HISTORY,
  LOG_FILES,
  LOG_KEYS,
  MANIFEST,
  MANIFEST_KEY,
  MANIFEST_NOTE,
  README,
  compareNames,
  earlierCheckpointFile,
  entryBundleFile,
  isLogId,
  logFile,
  tileFile,
  type LogFile,
} from './names.js';
export { countIndices, rangeCollector, rangeCursor, type IndexRange } from './ranges.js';
export { layOutZip, type ZipLayout, type ZipMember } from './zip-format.js';
export { readZip, type ByteSource, type LocatedMember } from './zip-reader.js';
