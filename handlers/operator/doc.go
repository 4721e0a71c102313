// Package operator is the door for those who run fedbridge: /healthz, /readyz and /metrics on a listener of their own,
// apart from the one that people use (threat W21).
//
//	audit events, STS calls, requests -> Metrics -> /metrics
//	store, audit, STS, providers -> /readyz
//
// Counting sits where decisions are already written down: Metrics.Audit wraps the audit log and Metrics.STS the exchanger,
// so that no door can forget to count. Labels are bounded: route patterns, codes, names of configured providers.
//
// It shows no secret, no claim and no person, and changes nothing.
package operator
