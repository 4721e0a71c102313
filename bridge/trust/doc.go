// Package trust reads IAM trust policies (the policy of a role that says who may assume it) and evaluates them against
// one STS call.
//
//	JSON -> Parse -> *Policy -> Evaluate(Request) -> Decision: Allow, Deny or Unknown, and what decided
//
// Evaluation is three-valued: what this package does not understand, or what the caller says it cannot know, is Unknown,
// and an Unknown in a Deny statement takes an Allow away. So a policy is never said to allow more than IAM would. Not
// evaluated yet, and therefore Unknown: NotPrincipal, NotAction, Date*, Numeric*, IpAddress, BinaryEquals, and policy
// variables.
//
// What it refuses to do: repair a policy. Parse accepts what IAM's grammar accepts and names the fault otherwise; a key
// that is written twice, an unknown element or a Resource is an error.
package trust
