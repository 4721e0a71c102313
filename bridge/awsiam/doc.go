// Package awsiam reads from AWS IAM what the trust doctor looks at: a role with its trust policy, and the OIDC or SAML
// provider that the policy names. It is on aws-sdk-go-v2.
//
//	ARN -> credentials for its account -> GetRole, GetSAMLProvider, GetOpenIDConnectProvider -> plain values
//
// The caller's own account is read with the caller's own credentials, another one through a profile, or through a role
// that is assumed there. What that role's session may do is narrowed to the three reads, whatever the role allows.
//
// Each account has its own places and its own bad luck: one that hangs, throttles or refuses costs its own readers a few
// seconds and nobody else anything. What comes back is compared with what was asked for.
//
// What it refuses to do: write anything, follow a redirect, read AWS_ENDPOINT_URL*, or hand out credentials.
package awsiam
