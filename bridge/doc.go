// Package bridge holds the one way through fedbridge: from an Identity that an identity provider proved, through the
// roles that policy gives it, to temporary AWS credentials.
//
//	answer from an IdP -> Identity -> Authorizer -> []Entitlement -> Bridge.Assume -> Credentials
//
// [Bridge.Assume] is the only way to AWS. It asks the policy again, records the decision, and only then calls STS, so a
// door can neither forget to authorise nor forget to audit. The interfaces that it needs (Authorizer, STSExchanger,
// ConsoleLinker, AuditLog) stand here beside the values that cross them; packages below bridge/ implement them, and
// cmd wires them together. This package imports the standard library only.
//
// What it refuses to do: build an ARN, a policy or a query out of claim text. A claim selects something that the
// operator configured, or it selects nothing.
package bridge
