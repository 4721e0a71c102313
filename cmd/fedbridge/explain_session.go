package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/policy"
)

// explainedSession is how STS would be asked for a role that is given, and what of the identity would go into the session.
type explainedSession struct {
	Via            []bridge.Via     `json:"via"`
	Mint           bridge.ProofKind `json:"mint,omitempty"`
	Longest        string           `json:"longest"`
	Tags           []bridge.Tag     `json:"tags,omitempty"`
	SourceIdentity string           `json:"source_identity,omitempty"`
	// Refused says why the role can't be used although it is given: a claim doesn't fit.
	Refused string `json:"refused,omitempty"`

	role bridge.Role
}

func explainSession(id bridge.Identity, rules *policy.Policy, role bridge.Role) *explainedSession {
	s := &explainedSession{Via: role.Via, Mint: role.Mint, Longest: inHours(role.MaxSession), role: role}
	grant, err := rules.Grant(id, role.Key)
	if err != nil {
		s.Refused = strings.TrimPrefix(fmt.Sprint(errors.Unwrap(err)), "policy: ")
		return s
	}
	s.Tags, s.SourceIdentity = grant.Tags, grant.SourceIdentity
	return s
}

// lines writes the session for people.
func (s *explainedSession) lines() []string {
	var ways []string
	for _, via := range s.Via {
		way := string(via)
		if via == bridge.ViaIssuer {
			way += " (" + s.minted() + ")"
		}
		ways = append(ways, way)
	}
	lines := []string{"via " + strings.Join(ways, ", or ") + ", for " + s.Longest + " at most"}
	for _, tag := range s.Tags {
		line := fmt.Sprintf("tag %s = %q", tag.Key, tag.Value)
		if slices.Contains(s.role.TransitiveTags, tag.Key) {
			line += ", transitive"
		}
		if slices.Contains(s.role.OptionalTags, tag.Key) {
			line += ", optional"
		}
		lines = append(lines, line)
	}
	if s.SourceIdentity != "" {
		lines = append(lines, "source identity "+s.SourceIdentity)
	}
	if s.Refused != "" {
		lines = append(lines, "can't be used: "+s.Refused)
	}
	return lines
}

// minted says what fedbridge makes for the role.
func (s *explainedSession) minted() string {
	if s.Mint != bridge.ProofSAML {
		return "an ID token for " + s.role.Audience
	}
	what := "a SAML response for " + s.role.SAMLProvider.String()
	if s.role.Encryption.Certificate != "" {
		what += ", encrypted"
	}
	if s.role.ConsolePost {
		what += ", posted to the console by the browser"
	}
	return what
}

// inHours writes 8h or 1h30m, not 8h0m0s.
func inHours(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}
