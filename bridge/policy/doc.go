// Package policy decides which IAM roles a proved identity may assume, and can say why.
//
// What an operator wrote (Source: accounts, roles, rules) goes through Compile once and becomes a Policy, which never
// changes: names and globs are resolved to lists of configured roles, CEL expressions are type-checked and planned, and
// every test for equality (a group, a claim's value, an e-mail, the provider) becomes a key of an index. At run time the
// values of an identity look up the rules they concern, so the time depends on the identity, not on the number of rules.
//
// Deny wins; the order of rules means nothing; no match means no access. A claim that is missing is an empty list. A
// rule that can't be evaluated doesn't match if it gives roles, and matches if it takes roles away.
//
// What of an identity goes into a session (tags, source identity) is made by expressions, too. A value that AWS would not
// take is refused, unless the expression says how it is made to fit: tagValue(x), sourceIdentity(x).
//
// What it refuses to do: make a role ARN, a pattern or a policy out of claim text. A claim only selects something that
// the operator configured. There are no regular expressions; patterns are globs of configured names, always anchored,
// and are resolved when the configuration is loaded, never against a claim.
package policy
