"""A stranger's back end, written against the generated client alone: records an entry, finds it, and is told what it did wrong."""

import datetime
import importlib
import json
import os
import pkgutil
import uuid

import vouchsafe_client
from vouchsafe_client import AuthenticatedClient, Client
from vouchsafe_client.api.audit_entry import audit_entry_list, audit_entry_record
from vouchsafe_client.api.legal_document import legal_document_list
from vouchsafe_client.models import (
    AuditEntryListResponse,
    AuditEntryRecordRequest,
    AuditEntryRecordResponse,
    InvalidRequestProblem,
    LegalDocumentListResponse,
    NewAuditEntry,
    NewAuditEntryActor,
    NewAuditEntryDetails,
    NewAuditEntryOutcome,
    UnauthenticatedProblem,
)

# Every file of the client is at least Python.
for module in pkgutil.walk_packages(vouchsafe_client.__path__, "vouchsafe_client."):
    importlib.import_module(module.name)

anybody = Client(base_url=os.environ["VOUCHSAFE_URL"])
back_end = AuthenticatedClient(base_url=os.environ["VOUCHSAFE_URL"], token=os.environ["API_KEY"])


def entry(source_ip: str) -> NewAuditEntry:
    return NewAuditEntry(
        id=str(uuid.uuid4()),
        occurred_at=datetime.datetime.now(datetime.timezone.utc),
        actor=NewAuditEntryActor(type_="customer", id="4712"),
        operation="invoice.pay",
        outcome=NewAuditEntryOutcome.SUCCESS,
        source_ip=source_ip,
        details=NewAuditEntryDetails.from_dict({"rows": 3, "nested": [{"any": None}]}),
    )


documents = legal_document_list.sync(client=anybody)
assert isinstance(documents, LegalDocumentListResponse)
good = AuditEntryRecordRequest(entries=[entry("198.51.100.7")])
recorded = audit_entry_record.sync(client=back_end, body=good)
assert isinstance(recorded, AuditEntryRecordResponse), recorded
listed = audit_entry_list.sync(client=back_end, operation="invoice.pay")
assert isinstance(listed, AuditEntryListResponse), listed
refused = audit_entry_record.sync(client=back_end, body=AuditEntryRecordRequest(entries=[entry("nowhere")]))
assert isinstance(refused, InvalidRequestProblem), refused
unknown = audit_entry_list.sync(client=anybody)
assert isinstance(unknown, UnauthenticatedProblem), unknown

print(
    json.dumps(
        {
            "documents": len(documents.items),
            "recorded": len(recorded.entries),
            "listed": [one.details.to_dict() for one in listed.entries],
            "refused": [refused.code, [place.pointer for place in refused.errors]],
            "unknown": unknown.status,
        }
    )
)
