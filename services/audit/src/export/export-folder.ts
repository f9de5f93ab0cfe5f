import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@vouchsafe/service-host';
import type { AuditConfig } from '../audit.config.js';

/** Where bundles wait until they expire; every instance sees the same folder. */
@Injectable()
export class ExportFolder {
  readonly path: string;

  constructor(@Inject(CONFIG) config: Pick<AuditConfig, 'VOUCHSAFE_FILES_FOLDER'>) {
    this.path = path.join(config.VOUCHSAFE_FILES_FOLDER, 'exports');
  }
}
