// Package mint is fedbridge as its own identity provider for AWS: for one person and one role at a time it makes an ID
// token (OIDC Core §2) or a SAML response (SAML Core §2.7) that STS takes, because fedbridge is registered in IAM as an
// OIDC or SAML provider.
//
//	MintRequest -> Minter.Mint -> Proof            Keys.Current -> the key that signs now
//	   check: what AWS would refuse -> clock: can it be trusted -> claims, or assertion -> signature -> encryption
//	Ring: keys are made, published, read back, used, kept until their last token ends, retired
//
// What it makes lives five minutes at most, names one role, and is handed to Bridge alone. What it refuses to do: sign
// with a key that nobody could read back from the published key set, leave out what was asked for, or mint while the
// clock can't be trusted.
package mint
