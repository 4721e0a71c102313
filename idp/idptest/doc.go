// Package idptest is what fedbridge signs in with when no real provider is at hand: an OIDC provider, a SAML identity
// provider and a browser. Tests use it, and so does the demo.
//
// The providers are http.Handlers that speak the real protocols with real signatures and a login page of their own, so
// nothing on our side of the wire knows that it is being tested. They can also lie: Lie(WrongAudience) makes every
// further answer wrong in that one way, and SetFault makes a path hang, fail or flood. Lies are named alike for both
// kinds, so that one suite (package suite) holds both to the same rules.
//
// The browser keeps cookies as browsers do, SameSite included, which net/http's own jar does not.
//
// The package doesn't import testing. Its people, keys and passwords are toys; nothing but tests and the demo may
// import it.
package idptest
