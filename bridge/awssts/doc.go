// Package awssts asks AWS STS for credentials of one role: it is the bridge's STSExchanger, on aws-sdk-go-v2.
//
//	ExchangeRequest -> limits -> endpoint of the partition -> one call -> answer compared -> Credentials
//
// AssumeRoleWithSAML and AssumeRoleWithWebIdentity go out unsigned and need no AWS credentials: with a proof that an
// identity provider gave, or with one that fedbridge minted for this call. AssumeRole is signed with fedbridge's own
// credentials, which are loaded when the first role needs them and not before.
//
// What STS limits is checked before the call, because the SDK sends a session name of one character as it comes. What
// STS answers is compared with what was asked, because an endpoint can be configured, and a configuration can be wrong.
// A slow STS costs its own callers three seconds and nobody else anything: each endpoint has a bounded number of places.
//
// What it refuses to do: send AssumeRole unsigned, follow a redirect, send a session policy with a relayed proof (whose
// holder needn't), read AWS_ENDPOINT_URL*, keep or log a proof, or let a text of STS reach a person.
package awssts
