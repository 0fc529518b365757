"""Authorisation: principals, their policy layers, decisions, and the audit of denials.

    authorizer = Authorizer(PolicyDirectory(iam, iot, identities), DenialLog(), clock)
    request = await enforce(authorizer, operation, service, call)        # HTTP; raises AwsError
    judge = await open_connection(authorizer, principal, region, ip, is_tls=True)   # MQTT

`principal` says who asks, `operation` what an operation demands, `ports` what others provide.
"""
