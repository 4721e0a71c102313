package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Bounds of STS on session policies (STS API, Policy and PolicyArns).
const (
	MaxSessionPolicy     = 2048 // characters
	MaxSessionPolicyARNs = 10
)

// Narrowing is what a request takes away from a role for itself: session policies, as STS has them. The session may do
// what the role may and what one of these policies allows.
//
// A narrowing only ever narrows. STS takes all session policies of a session together, so that a second one would give
// back what the first one took: a role that has an inline policy of its own takes none, and of its managed policies a
// request may only leave some out. It is never dropped: where it can't be sent, the request is refused.
type Narrowing struct {
	Policy     string   // inline policy, JSON
	PolicyARNs []string // managed policies of the role's own account, or of AWS
}

// IsZero tells whether nothing is taken away.
func (n Narrowing) IsZero() bool { return n.Policy == "" && len(n.PolicyARNs) == 0 }

// apply gives the role as this request may use it, in this way.
func (n Narrowing) apply(role Role, via Via) (Role, error) {
	switch {
	case n.IsZero():
		return role, nil
	case !carries(via):
		return Role{}, FailWith(CodeNarrowing, "its sign-in answer is relayed, and the answer's holder could use it without the policy", nil)
	case role.SessionPolicy != "":
		return Role{}, FailWith(CodeNarrowing, "it has a session policy of its own, beside which another one would widen it", nil)
	case len(role.SessionPolicyARNs) > 0 && n.Policy != "":
		return Role{}, FailWith(CodeNarrowing, "it has managed session policies of its own, beside which another one would widen it", nil)
	}
	policy, err := n.check(role)
	if err != nil {
		return Role{}, err
	}
	if own := role.SessionPolicyARNs; len(own) > 0 {
		for _, arn := range n.PolicyARNs {
			if !slices.Contains(own, arn) {
				return Role{}, FailWith(CodeNarrowing, "it has managed session policies of its own, of which a request may only leave some out", nil)
			}
		}
	}
	role.SessionPolicy, role.SessionPolicyARNs = policy, slices.Clone(n.PolicyARNs)
	return role, nil
}

// policyCharacters is what STS takes in a policy.
var policyCharacters = regexp.MustCompile(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]*$`)

// managedPolicy is the ARN of a managed policy; the second group is its account, or aws.
var managedPolicy = regexp.MustCompile(`^arn:([a-z-]+):iam::([0-9]{12}|aws):policy/[\x21-\x7e]{1,640}$`)

// check refuses what STS would refuse, with a reason, and gives the policy without white space.
func (n Narrowing) check(role Role) (string, error) {
	unusable := func(format string, args ...any) error {
		return FailWith(CodeNarrowingUnusable, fmt.Sprintf(format, args...), nil)
	}
	seen := map[string]bool{}
	for _, arn := range n.PolicyARNs {
		parts := managedPolicy.FindStringSubmatch(arn)
		switch {
		case len(n.PolicyARNs) > MaxSessionPolicyARNs:
			return "", unusable("managed policies: %d, at most %d", len(n.PolicyARNs), MaxSessionPolicyARNs)
		case parts == nil || parts[1] != role.ARN.Partition || parts[2] != "aws" && parts[2] != role.ARN.Account:
			return "", unusable("a managed policy is named by its ARN, in the role's own account or of AWS")
		case seen[arn]:
			return "", unusable("a managed policy is named twice")
		}
		seen[arn] = true
	}
	switch size := utf8.RuneCountInString(n.Policy); {
	case n.Policy == "":
		return "", nil
	case size > MaxSessionPolicy: // as it was sent: no long text is parsed for anybody
		return "", unusable("policy: %d characters, at most %d", size, MaxSessionPolicy)
	case !utf8.ValidString(n.Policy) || !policyCharacters.MatchString(n.Policy):
		return "", unusable("policy: characters beyond U+00FF; write them as \\u and four digits")
	}
	compact, err := compactObject(n.Policy)
	if err != nil {
		return "", unusable("policy: not a JSON object in which each key stands once")
	}
	return compact, nil
}

// compactObject takes the white space out of a JSON object. Which of two equal keys would count isn't ours to guess.
func compactObject(text string) (string, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	first, err := d.Token()
	if err != nil || first != json.Delim('{') {
		return "", errors.New("not an object")
	}
	if err := uniqueKeys(d, true); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(text)); err != nil {
		return "", err
	}
	return out.String(), nil
}

// uniqueKeys reads the rest of an object or a list.
func uniqueKeys(d *json.Decoder, object bool) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		if object {
			key := token.(string)
			if seen[key] {
				return errors.New("a key stands twice")
			}
			seen[key] = true
			if token, err = d.Token(); err != nil {
				return err
			}
		}
		if delim, ok := token.(json.Delim); ok {
			if err := uniqueKeys(d, delim == '{'); err != nil {
				return err
			}
		}
	}
	_, err := d.Token()
	return err
}
