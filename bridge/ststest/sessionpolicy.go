package ststest

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

var policyARN = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::(aws|[0-9]{12}):policy/[\x21-\x7e]+$`)

// checkSessionPolicies reads the inline policy and the ARNs of managed ones (aws-facts 1.16). Whether a managed policy
// exists is not known here; that it lives in the role's account, or is AWS's own, is checked.
func checkSessionPolicies(inline string, arns []string, partition, account string) error {
	for _, arn := range arns {
		part := policyARN.FindStringSubmatch(arn)
		if part == nil || part[1] != partition || part[2] != "aws" && part[2] != account {
			return errMalformedPolicy("The specified PolicyArn " + arn + " is not valid for this role.")
		}
	}
	if inline == "" {
		return nil
	}
	object, err := strictObject([]byte(inline))
	if err != nil {
		return errMalformedPolicy("This policy contains invalid Json")
	}
	statements, ok := object["Statement"].([]any)
	if single, isOne := object["Statement"].(map[string]any); isOne {
		statements, ok = []any{single}, true
	}
	if version, has := object["Version"]; has && version != "2012-10-17" && version != "2008-10-17" || !ok || len(statements) == 0 {
		return errMalformedPolicy("Syntax errors in policy.")
	}
	for name := range object {
		if name != "Version" && name != "Id" && name != "Statement" {
			return errMalformedPolicy("Syntax errors in policy.")
		}
	}
	for _, s := range statements {
		if !identityStatement(s) {
			return errMalformedPolicy("Syntax errors in policy.")
		}
	}
	return nil
}

// identityStatement tells whether v has the shape of a statement of an identity policy: no Principal.
func identityStatement(v any) bool {
	s, ok := v.(map[string]any)
	if !ok || s["Effect"] != "Allow" && s["Effect"] != "Deny" {
		return false
	}
	for name := range s {
		if !strings.Contains(" Sid Effect Action NotAction Resource NotResource Condition ", " "+name+" ") {
			return false
		}
	}
	one := func(a, b string) bool {
		_, hasA := s[a]
		_, hasB := s[b]
		return hasA != hasB
	}
	return one("Action", "NotAction") && one("Resource", "NotResource")
}

// leaves tells whether the session's policies leave an action over, on every resource. Only the simplest statements are
// read; what else there is leaves nothing.
func (s *session) leaves(action string) bool {
	if !s.limited() {
		return true
	}
	object, err := strictObject([]byte(s.policy))
	if err != nil || len(s.policyARNs) > 0 {
		return false
	}
	statements, ok := object["Statement"].([]any)
	if !ok {
		statements = []any{object["Statement"]}
	}
	allowed := false
	for _, v := range statements {
		statement, _ := v.(map[string]any)
		actions, simple := texts(statement["Action"])
		resources, all := texts(statement["Resource"])
		if _, conditional := statement["Condition"]; !simple || !all || !slices.Equal(resources, []string{"*"}) || conditional {
			return false
		}
		if !slices.ContainsFunc(actions, func(glob string) bool { return trust.Match(strings.ToLower(glob), strings.ToLower(action)) }) {
			continue
		}
		if statement["Effect"] != "Allow" {
			return false
		}
		allowed = true
	}
	return allowed
}
