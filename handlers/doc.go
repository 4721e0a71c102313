// Package handlers is what every door of fedbridge stands in: one Site that gives each request an id and a client
// address, sends the security headers, refuses what other websites made a browser send, bounds bodies, turns errors into
// pages or JSON, recovers from panics, counts, and writes one log line.
//
//	request -> Site.Handler (id, source, headers, exact path) -> mux -> Route (origin, body) -> Page -> page, redirect or error
//
// Each folder below is one door with a Mount. A door lists its Routes in a table and returns errors with a code of
// bridge's catalogue; what people read and which status they get is decided here, once.
//
// It decides nothing about identities, roles or credentials, and knows no protocol.
package handlers
