package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
)

// Limits of STS on what goes into a session (STS API, AssumeRole).
const (
	maxTags          = 50
	maxPolicyARNs    = 10
	maxSessionPolicy = 2048 // characters of the inline policy and the ARNs of managed ones
)

var (
	externalID = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]{2,}$`)
	policyARN  = regexp.MustCompile(`^arn:(aws(?:-[a-z]+)*):iam::(aws|[0-9]{12}):policy/(?:[\x21-\x2e\x30-\x7e]+/)*[A-Za-z0-9_+=,.@-]{1,128}$`)
)

// sessionPlan is what of an identity goes into a role's sessions.
type sessionPlan struct {
	tags           []valuePlan // sorted by key
	sourceIdentity *valuePlan
}

func (e *entry) checkExternalID() {
	if id := e.r.ExternalID; id != "" && (len(id) > 1224 || !externalID.MatchString(id)) {
		e.problem(e.path+".external_id", "must be 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -")
	}
}

// readSession compiles tags, source identity and session policy.
func (e *entry) readSession() {
	e.plan = &sessionPlan{}
	e.readTags()
	if e.r.SourceIdentity != "" {
		plan, faults := compileValue("source_identity", e.r.SourceIdentity, checkSourceIdentity)
		e.celProblems(e.path+".source_identity", faults)
		e.plan.sourceIdentity = plan
	}
	e.readSessionPolicy()
}

// readTags: keys are the operator's, values a claim's; the IdP's own tags are never passed on (threat A9).
func (e *entry) readTags() {
	if len(e.r.Tags) > maxTags {
		e.problem(e.path+".tags", "%d tags: AWS takes %d at most", len(e.r.Tags), maxTags)
	}
	check := checkTagValue
	if e.mintsSAML() {
		check = checkSAMLTagValue
	}
	keys := slices.Sorted(maps.Keys(e.r.Tags))
	for i, key := range keys {
		path := keyPath(e.path+".tags", key)
		if fault := checkTagKey(key); fault != "" {
			e.problem(path, "%s", fault)
		}
		for _, other := range keys[:i] {
			if strings.EqualFold(key, other) {
				e.problem(path, "is the key %q again: AWS ignores case in keys of tags", other)
			}
		}
		plan, faults := compileValue(key, e.r.Tags[key], check)
		if e.celProblems(path, faults); faults != nil {
			continue
		}
		e.plan.tags = append(e.plan.tags, *plan)
	}
	e.readOptionalTags()
}

// keyPath is the path of a key in a mapping, as the configuration writes it.
func keyPath(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]") {
		return path + "[" + key + "]"
	}
	return path + "." + key
}

// readSessionPolicy keeps the policy as data: nothing is ever put into its text (threat A10).
func (e *entry) readSessionPolicy() {
	path := e.path + ".session_policy"
	if len(e.r.SessionPolicyARNs) > maxPolicyARNs {
		e.problem(e.path+".session_policy_arns", "%d policies: AWS takes %d at most", len(e.r.SessionPolicyARNs), maxPolicyARNs)
	}
	size := 0
	for _, arn := range e.r.SessionPolicyARNs {
		size += len(strings.ReplaceAll(arn, accountPlace, "123456789012"))
	}
	if e.r.SessionPolicy != "" {
		compact, fault := compactPolicy(e.r.SessionPolicy)
		if fault != "" {
			e.problem(path, "%s", fault)
			return
		}
		e.base.SessionPolicy = compact
		size += utf8.RuneCountInString(compact)
	}
	if size > maxSessionPolicy {
		e.problem(path, "%d characters, together with session_policy_arns and without white space: AWS takes %d at most", size, maxSessionPolicy)
	}
}

func compactPolicy(text string) (compact, fault string) {
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(text)); err != nil {
		return "", "is not JSON: " + err.Error()
	}
	var document map[string]json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &document); err != nil || len(document["Statement"]) == 0 {
		return "", `is not an IAM policy: write {"Version": "2012-10-17", "Statement": [...]}`
	}
	for _, r := range out.String() {
		if r < 0x20 || r > 0xff {
			return "", fmt.Sprintf(`has the character %q: AWS takes U+0020 to U+00FF; write it as \u%04X`, r, r)
		}
	}
	return out.String(), ""
}

// policyARNs: managed session policies live in the role's account, or are AWS's own.
func (e *entry) policyARNs(account bridge.Account) []string {
	var arns []string
	for i, written := range e.r.SessionPolicyARNs {
		path := fmt.Sprintf("%s.session_policy_arns[%d]", e.path, i)
		arn := strings.ReplaceAll(written, accountPlace, account.ID)
		part := policyARN.FindStringSubmatch(arn)
		switch {
		case part == nil || strings.ContainsAny(arn, "{}*?"):
			e.once(path, "%q is not the ARN of an IAM policy (arn:aws:iam::aws:policy/ReadOnlyAccess)", written)
		case part[1] != account.Partition && knownPartition(account.Partition):
			e.once(path, "is in partition %s, but account %s is in %s", part[1], account.Name, account.Partition)
		case part[2] != "aws" && part[2] != account.ID:
			e.once(path, "is in account %s, but must be in the role's (%s, %s) or AWS's own: write {account}", part[2], account.Name, account.ID)
		case slices.Index(e.r.SessionPolicyARNs, written) < i:
			e.once(path, "is written twice")
		}
		arns = append(arns, arn)
	}
	return arns
}
