// Package oidc signs people in at an OpenID Connect provider: the authorization code flow with PKCE, state and nonce
// (OpenID Connect Core 1.0 §3.1, RFC 6749 §4.1, RFC 7636, RFC 9207).
//
//	Begin:  discovery -> authorization URL
//	Finish: parameters -> state -> iss -> code exchange -> signature -> header and claims -> UserInfo -> replay -> Identity
//
// go-oidc does discovery and verifies the token, x/oauth2 exchanges the code. What they leave to the caller is done here:
// the key set (when to fetch keys, which keys may sign, how long they live), a decoder that reads the token's own bytes
// and refuses what two readers could read differently, and the checks of the header, nonce, authorised party, hashes,
// times, tenant and replay. Both the library and these checks must agree, or nobody is signed in.
//
// What it refuses to do: take an algorithm from discovery or a key from a token's header, follow a redirect, fetch a
// distributed claim, connect to an internal address that only discovery named, or believe an e-mail address that the
// provider didn't verify.
package oidc
