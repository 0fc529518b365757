"""AWS Identity and Access Management, as far as per-user MQTT needs it.

`service` has the operations; `policy_source`, `role_lookup` and `credentials` answer what
`authz` and `sts` ask of it.
"""
