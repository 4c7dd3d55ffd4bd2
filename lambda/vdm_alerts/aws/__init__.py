"""The ports as AWS has them: one adapter a service, which translates AWS's words into ours."""
