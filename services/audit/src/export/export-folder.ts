/** Where bundles wait until they expire. */
export class ExportFolder {
  constructor(readonly path: string) {}
}
