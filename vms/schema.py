"""Every table of the program, for migrations' drift check and for tests: importing this fills `Model.metadata`."""

from __future__ import annotations

from sqlalchemy import MetaData

from vms.accounts import models as accounts_models
from vms.audit import models as audit_models
from vms.base import journal_models
from vms.base.db import Model
from vms.completeness import models as completeness_models
from vms.integrity import models as integrity_models
from vms.record import models as record_models
from vms.registry import models as registry_models
from vms.walls import models as walls_models

MODELS = (
    journal_models,
    accounts_models,
    audit_models,
    record_models,
    integrity_models,
    completeness_models,
    registry_models,
    walls_models,
)


def metadata() -> MetaData:
    return Model.metadata
