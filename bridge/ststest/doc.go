// Package ststest is an AWS to run against: STS, the reading half of IAM, and the console's federation endpoint with a
// small console page. Tests and the demo use it in the place of the real one.
//
//	form -> constraints -> signature, assertion or token -> trust policy (bridge/trust) -> limits -> credentials
//	credentials -> getSigninToken -> login -> console page
//	posted SAML response -> assertion, trust policy -> console page
//
// It is as strict as what is known about AWS, section by section ("aws-facts" in comments): it verifies SigV4 against the
// keys it handed out, XML signatures against the registered metadata, tokens against the issuer's discovered keys, and it
// fails with AWS's codes, statuses and texts. Where AWS's behaviour is not known it takes the stricter reading, and
// [Options] has a field with a name for the other one. What it lets through, AWS may still refuse; what it refuses, AWS
// may let through.
//
// A [KMS] beside it signs. It also misbehaves when told to ([Faults]), counts calls, and keeps the last requests without their secrets.
//
// What it refuses to do: be used for anything but tests. It keeps nothing on disk, its accounts are made up, and the
// credentials that it issues open nothing.
package ststest
