// Package trust reads IAM trust policies (the policy of a role that says who may assume it) and evaluates them against
// one STS call. From what fedbridge asks of a role it also writes the trust policy that lets just that in, and tells what
// is wrong with the one that is there.
//
//	JSON -> Parse -> *Policy -> Evaluate(Request) -> Decision: Allow, Deny or Unknown, and what decided
//	Need -> Generate -> *Plan: what accounts must hold, as policies, Terraform or CloudFormation
//	Need, Found -> Diagnose -> []Finding, each with its fix
//
// Evaluation is three-valued: what this package does not understand, what IAM does not document, and what the asker says
// he cannot know, is Unknown, and an Unknown in a Deny statement takes an Allow away. So a policy is never said to allow
// more than IAM would. All operators and elements that IAM documents are evaluated, but for BinaryEquals, which no key of
// STS has a use for. Unknown are: operators and condition keys of other names; a key that the asker says nothing about,
// unless it can only come from what he sends; a bare "*" as principal, a wildcard inside a principal, and a unique id;
// NotPrincipal in a statement that allows; a key of several values without ForAnyValue or ForAllValues; a policy variable
// of several values, and one without a value in a negated operator; a value of a form that isn't documented.
//
// What it refuses to do: ask anybody, or guess. Parse accepts what IAM's grammar accepts and names the fault otherwise; a
// key that is written twice, an unknown element or a Resource is an error. A fix is a proposal for people to read.
package trust
