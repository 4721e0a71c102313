// Package portal is the door for people with a browser: they sign in at their identity provider, see the roles that
// their claims gave them, and open the console or take credentials.
//
//	/login/{provider} -> provider -> answer -> Bridge.RecordSignIn -> session -> picker -> POST -> Bridge.Assume -> AWS
//	                                                               … -> POST -> Bridge.ConsolePost -> form -> POST -> AWS
//
// routes.go is the map of the site. A sign-in is tied to the browser that began it by a random handle in a cookie; what
// must be remembered is sealed under that handle, stored once and taken once. A session is a random id in a cookie; the
// store keeps its head, and identity and proof sealed under a key that only the cookie yields. A GET grants nothing:
// every grant is a same-origin POST, and goes through Bridge.
//
// It speaks no sign-in protocol, knows no AWS API, and decides nothing about roles.
package portal
