// Package awskms signs with keys that never leave AWS KMS. It is what bridge/mint asks where the configuration names
// kms: keys.
//
//	ARN -> client of its region -> GetPublicKey, Sign (MessageType DIGEST) -> public key, signature
//
// Every call is bounded in time, and only so many wait at once: a slow KMS must not hold up everything else. What fails is
// CodeIssuerKMS, with what KMS said as the cause.
//
// It makes, changes and deletes no key, never reads AWS_ENDPOINT_URL, and looks at the machine's AWS settings for
// credentials only, and only where none are given in code.
package awskms
