package awssts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
)

// Limits of the STS model (facts 1.2). The SDK sends whatever it is given, so they are ours to keep.
const (
	maxPolicy     = 2048
	maxPolicyARNs = 10
	maxTags       = 50
	maxExternalID = 1224
	maxTagKey     = 128 // characters
	maxTagValue   = 256
)

var (
	externalID = regexp.MustCompile(`^[A-Za-z0-9_+=,.@:/-]+$`) // 2 to 1224 of these
	policyText = regexp.MustCompile(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]+$`)
	tagText    = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// checkLimits refuses what STS would refuse, before anything leaves.
func checkLimits(q bridge.ExchangeRequest) error {
	if q.Duration < bridge.MinSession || q.Duration > bridge.MaxSession || q.Duration%time.Second != 0 {
		return bridge.Fail(bridge.CodeDuration, fmt.Errorf("sts: a session of %s", q.Duration))
	}
	if !bridge.ValidSessionName(q.SessionName) {
		return bridge.Fail(bridge.CodeSTSInvalidRequest, errors.New("sts: the session name doesn't fit"))
	}
	switch q.Via {
	case bridge.ViaIssuer:
		return checkMinted(q)
	case bridge.ViaAssumeRole:
		return checkAssumeRole(q)
	case bridge.ViaSAML:
		return checkRelay(q, bridge.ProofSAML, bridge.MaxSAMLAssertion)
	case bridge.ViaWebIdentity:
		return checkRelay(q, bridge.ProofIDToken, bridge.MaxWebIdentityToken)
	}
	return bridge.Fail(bridge.CodeInternal, fmt.Errorf("sts: no such via: %q", q.Via))
}

// checkRelay: what narrows a session must not silently be left out, so a role that has it can't be relayed at all.
func checkRelay(q bridge.ExchangeRequest, kind bridge.ProofKind, limit int) error {
	r := q.Role
	switch size := len(q.Proof.Raw.Reveal()); {
	case r.SessionPolicy != "" || len(r.SessionPolicyARNs) > 0 || len(q.Tags) > 0 || q.SourceIdentity != "":
		return bridge.Fail(bridge.CodeInternal,
			fmt.Errorf("sts: %s: tags, source identity and session policy can't be relayed", r.Key))
	case q.Proof.Kind != kind || size < 4:
		return bridge.Fail(bridge.CodeProofMissing, nil)
	case size > limit:
		return bridge.FailWith(bridge.CodeProofTooLarge, fmt.Sprintf("%d of %d characters", size, limit), nil)
	case q.Via == bridge.ViaSAML && r.SAMLProvider.Name == "":
		return bridge.Fail(bridge.CodeInternal, fmt.Errorf("sts: %s has no SAML provider", r.Key))
	}
	return nil
}

// checkMinted: what fedbridge minted leaves with the session policy, because nobody else holds it. One that got too large
// did so by its tags, some of which may be optional.
func checkMinted(q bridge.ExchangeRequest) error {
	if err := checkSession(q); err != nil {
		return err
	}
	limit := bridge.MaxWebIdentityToken
	if q.Proof.Kind == bridge.ProofSAML {
		limit = bridge.MaxSAMLAssertion
	}
	switch size := len(q.Proof.Raw.Reveal()); {
	case q.Proof.Kind != bridge.ProofSAML && q.Proof.Kind != bridge.ProofIDToken || size < 4:
		return bridge.Fail(bridge.CodeIssuerMint, fmt.Errorf("sts: %s: nothing was minted", q.Role.Key))
	case size > limit:
		return tooLarge("characters of the minted proof", size, limit)
	case q.Proof.Kind == bridge.ProofSAML && q.Role.SAMLProvider.Name == "":
		return bridge.Fail(bridge.CodeInternal, fmt.Errorf("sts: %s has no SAML provider", q.Role.Key))
	}
	return nil
}

func checkAssumeRole(q bridge.ExchangeRequest) error {
	if id := q.Role.ExternalID; id != "" && !validExternalID(id) {
		return bridge.Fail(bridge.CodeSTSInvalidRequest, fmt.Errorf("sts: %s: the external id doesn't fit", q.Role.Key))
	}
	return checkSession(q)
}

// checkSession: source identity, session policies and tags, be they parameters or parts of what was minted.
func checkSession(q bridge.ExchangeRequest) error {
	r := q.Role
	switch {
	case q.SourceIdentity != "" && (!bridge.ValidSessionName(q.SourceIdentity) || reserved(q.SourceIdentity)):
		return bridge.Fail(bridge.CodeSourceIdentity, nil)
	case utf8.RuneCountInString(r.SessionPolicy) > maxPolicy:
		return tooLarge("session policy", utf8.RuneCountInString(r.SessionPolicy), maxPolicy)
	case len(r.SessionPolicyARNs) > maxPolicyARNs:
		return tooLarge("managed session policies", len(r.SessionPolicyARNs), maxPolicyARNs)
	case len(q.Tags) > maxTags || len(r.TransitiveTags) > maxTags:
		return tooLarge("tags", max(len(q.Tags), len(r.TransitiveTags)), maxTags)
	case r.SessionPolicy != "" && !policyText.MatchString(r.SessionPolicy):
		return bridge.Fail(bridge.CodeSTSPolicy, fmt.Errorf("sts: %s: the session policy has characters beyond U+00FF", r.Key))
	}
	for _, arn := range r.SessionPolicyARNs {
		if len(arn) < 20 || len(arn) > 2048 {
			return bridge.Fail(bridge.CodeSTSPolicy, fmt.Errorf("sts: %s: %.60q is not the ARN of a policy", r.Key, arn))
		}
	}
	return checkTags(q)
}

func validExternalID(s string) bool {
	return len(s) >= 2 && len(s) <= maxExternalID && externalID.MatchString(s)
}

// checkTags: keys are compared ignoring case, and aws: is reserved (facts 1.17).
func checkTags(q bridge.ExchangeRequest) error {
	for i, tag := range q.Tags {
		if tag.Key == "" || !validTag(tag.Key, maxTagKey) || reserved(tag.Key) || !validTag(tag.Value, maxTagValue) ||
			hasTag(q.Tags[:i], tag.Key) {
			return bridge.FailWith(bridge.CodeTagValue, tag.Key, nil)
		}
	}
	for _, key := range q.Role.TransitiveTags {
		if !hasTag(q.Tags, key) {
			return bridge.FailWith(bridge.CodeTagValue, key, fmt.Errorf("sts: %s: transitive, but not a tag of the session", q.Role.Key))
		}
	}
	return nil
}

// validTag counts characters itself: a class of all letters, repeated 256 times, would take longer to compile than all the
// rest of a start.
func validTag(s string, most int) bool {
	return utf8.RuneCountInString(s) <= most && tagText.MatchString(s)
}

func hasTag(tags []bridge.Tag, key string) bool {
	return slices.ContainsFunc(tags, func(t bridge.Tag) bool { return strings.EqualFold(t.Key, key) })
}

func reserved(s string) bool { return len(s) >= 4 && strings.EqualFold(s[:4], "aws:") }

func tooLarge(what string, have, limit int) error {
	return bridge.FailWith(bridge.CodeSessionTooLarge, fmt.Sprintf("%s: %d, at most %d", what, have, limit), nil)
}
