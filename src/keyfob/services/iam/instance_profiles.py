"""The kind of resource that instance profiles are."""

from keyfob.services.iam import errors
from keyfob.services.iam.kinds import ResourceKind
from keyfob.store.ports.iam_instance_profiles import InstanceProfileRecord

INSTANCE_PROFILE: ResourceKind[InstanceProfileRecord] = ResourceKind(
    word="instance-profile",
    name_member="InstanceProfileName",
    quota_word="InstanceProfile",
    store=lambda service: service.instance_profiles,
    missing=errors.instance_profile_not_found,
    taken=errors.instance_profile_exists,
    in_use=errors.must_remove_role_first,
)
