import path from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { DATA_STORES, DataStoresModule, type HostConfig, PersistenceModule } from '@vouchsafe/service-host';
import { AttachmentController } from './attachment/attachment.controller.js';
import { AttachmentRow } from './attachment/attachment.entity.js';
import { Attachments } from './attachment/attachments.js';
import { BodyStore } from './attachment/body-store.js';
import { DeleteAttachment } from './attachment/delete-attachment.js';
import { FolderBodyStore } from './attachment/folder-body-store.js';
import { ListAttachments } from './attachment/list-attachments.js';
import { ReadAttachment } from './attachment/read-attachment.js';
import { RemoveBodies } from './attachment/remove-bodies.js';
import { S3BodyStore } from './attachment/s3-body-store.js';
import { StoreAttachment } from './attachment/store-attachment.js';
import { UnknownBodies } from './attachment/unknown-bodies.js';
import type { LifecycleConfig } from './lifecycle.config.js';
import { lifecyclePublishing } from './lifecycle.publishing.js';
import { lifecycleStores } from './lifecycle.stores.js';
import { Operator } from './organization/operator.js';
import { OrganizationRow } from './organization/organization.entity.js';
import { ChangeHold } from './hold/change-hold.js';
import { HoldController } from './hold/hold.controller.js';
import { HoldRow } from './hold/hold.entity.js';
import { Holds } from './hold/holds.js';
import { KeepHolds } from './hold/keep-holds.js';
import { PlaceHold } from './hold/place-hold.js';
import { ReadHolds } from './hold/read-holds.js';
import { HoldsController } from './reactions/holds.controller.js';
import { lifecycleMigrations } from './persistence/migrations.js';
import { CertificateController } from './certificate/certificate.controller.js';
import { IssueCertificate } from './certificate/issue-certificate.js';
import { ReadCertificate } from './certificate/read-certificate.js';
import { FollowPurges } from './purge/follow-purges.js';
import { Purges } from './purge/purges.js';
import { DataRequestsController } from './reactions/data-requests.controller.js';
import { AskServices, ReturnedData } from './return/ask-services.js';
import { AssembleReturns } from './return/assemble-returns.js';
import { DeleteReturn } from './return/delete-return.js';
import { LifecycleReturned } from './return/lifecycle-returned.js';
import { OpenPart } from './return/open-part.js';
import { RemoveArchivesOfPerson } from './return/remove-archives-of-person.js';
import { ReadReturns } from './return/read-returns.js';
import { RequestReturn } from './return/request-return.js';
import { ReturnController } from './return/return.controller.js';
import { ReturnPartRow, ReturnRow } from './return/return.entity.js';
import { WritePart } from './return/write-part.js';
import { OrganizationsController } from './reactions/organizations.controller.js';
import { ProcessingRecordController } from './processing-record/processing-record.controller.js';
import { ReadProcessingRecord } from './processing-record/read-processing-record.js';
import { PreviewPolicy } from './retention-policy/preview-policy.js';
import { ReadRetentionPolicies } from './retention-policy/read-retention-policies.js';
import { RetentionPolicyController } from './retention-policy/retention-policy.controller.js';
import { PurgesController } from './reactions/purges.controller.js';
import { TerminationsController } from './reactions/terminations.controller.js';
import { ArchiveByRequest } from './request/archive-by-request.js';
import { DataRequestController } from './request/data-request.controller.js';
import { DataRequestRow } from './request/data-request.entity.js';
import { DataRequests } from './request/data-requests.js';
import { DecideRequest } from './request/decide-request.js';
import { EnterRequest } from './request/enter-request.js';
import { EraseByRequest } from './request/erase-by-request.js';
import { FollowRequests } from './request/follow-requests.js';
import { IssueReceipt } from './request/issue-receipt.js';
import { OutsideRequestController } from './request/outside-request.controller.js';
import { People } from './request/people.js';
import { ReadReceipt } from './request/read-receipt.js';
import { ReadRequests } from './request/read-requests.js';
import { ReceiveRequest } from './request/receive-request.js';
import { TransferRequest } from './request/transfer-request.js';
import { TellWhoAskedController } from './request/tell-who-asked.controller.js';
import { PublishStatistics } from './statistics/publish-statistics.js';
import { ReadStatistics } from './statistics/read-statistics.js';
import { StatisticsController } from './statistics/statistics.controller.js';
import { StatisticsRow } from './statistics/statistics.entity.js';
import { backupPolicyProvider } from './termination/backup-policy.js';
import { ChangeTermination } from './termination/change-termination.js';
import { FollowTime } from './termination/follow-time.js';
import { MeasureDeadlines } from './termination/measure-deadlines.js';
import { ReadTermination } from './termination/read-termination.js';
import { TerminationController } from './termination/termination.controller.js';

/** A bucket where one is named, else a folder. */
function bodyStoreOf(config: LifecycleConfig): BodyStore {
  const { VOUCHSAFE_ATTACHMENT_BUCKET: name, VOUCHSAFE_ATTACHMENT_ENDPOINT: endpoint } = config;
  return name === undefined
    ? new FolderBodyStore(path.join(config.VOUCHSAFE_FILES_FOLDER, 'attachments'))
    : new S3BodyStore({ name, endpoint });
}

@Module({})
export class LifecycleModule {
  static with(config: LifecycleConfig & HostConfig): DynamicModule {
    return {
      module: LifecycleModule,
      imports: [
        PersistenceModule.for({
          service: 'lifecycle',
          config,
          migrations: lifecycleMigrations,
          entities: [
            OrganizationRow,
            AttachmentRow,
            HoldRow,
            ReturnRow,
            ReturnPartRow,
            DataRequestRow,
            StatisticsRow,
          ],
          publishing: lifecyclePublishing,
        }),
        DataStoresModule.for(config),
      ],
      controllers: [
        ...[TerminationController, CertificateController, AttachmentController, HoldController],
        ReturnController,
        ...[RetentionPolicyController, ProcessingRecordController, StatisticsController],
        ...[DataRequestController, OutsideRequestController, TellWhoAskedController],
        ...[OrganizationsController, TerminationsController, PurgesController, HoldsController],
        DataRequestsController,
      ],
      providers: [
        backupPolicyProvider,
        Operator,
        ReadTermination,
        ChangeTermination,
        FollowTime,
        MeasureDeadlines,
        Purges,
        ...[Holds, KeepHolds, PlaceHold, ChangeHold, ReadHolds],
        ...[
          DataRequests,
          People,
          ReceiveRequest,
          EnterRequest,
          DecideRequest,
          EraseByRequest,
          TransferRequest,
          ArchiveByRequest,
        ],
        ...[ReadRequests, ReadReceipt, IssueReceipt, FollowRequests],
        ...[ReadRetentionPolicies, PreviewPolicy, ReadProcessingRecord],
        ...[PublishStatistics, ReadStatistics],
        FollowPurges,
        IssueCertificate,
        ReadCertificate,
        { provide: BodyStore, useFactory: () => bodyStoreOf(config) },
        Attachments,
        StoreAttachment,
        ListAttachments,
        ReadAttachment,
        DeleteAttachment,
        UnknownBodies,
        RemoveBodies,
        LifecycleReturned,
        RemoveArchivesOfPerson,
        { provide: ReturnedData, useClass: AskServices },
        ...[RequestReturn, ReadReturns, OpenPart, DeleteReturn, WritePart, AssembleReturns],
        {
          provide: DATA_STORES,
          useFactory: lifecycleStores,
          inject: [Database, BodyStore, LifecycleReturned, RemoveArchivesOfPerson],
        },
      ],
    };
  }
}
