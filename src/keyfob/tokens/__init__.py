"""Tokens: JWTs signed and verified, public key sets, and sealed values only this server opens.

Modules: `keyring` (keys derived from the master key), `sealed` (AEAD texts and records at rest),
`keys` (RSA signing keys), `jwks` (their public halves), `issue` (signing), `verify` (checking),
`claims` (typed access to what a verified token says).
"""
