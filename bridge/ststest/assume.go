package ststest

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// assumption is one AssumeRole* call while it is judged: what was asked for, and what was proved.
type assumption struct {
	call       *call
	roleARN    string
	arn        bridge.RoleARN
	role       *role // nil if there is none: that looks like a refusal, later
	seconds    int   // DurationSeconds; -1 if it wasn't sent
	minSize    int
	policy     string
	policyARNs []string

	name           string
	tags           tagSet // of this request
	inherited      tagSet // transitive ones of the calling session
	sourceIdentity string
	principal      trust.Principal
	context        map[string][]string
	opaque         []string
	caller         *caller // nil for the unsigned actions
	via            string
	provider       string
	notAfter       time.Time // the proof's own end of the session; zero if it has none
	longest        int       // seconds that the proof lets a session last; zero if it says nothing
}

// common reads the parameters that all three AssumeRole* actions have.
func (c *call) common(v *violations) (*assumption, error) {
	a := &assumption{call: c, context: map[string][]string{}}
	a.roleARN = v.required(c, "RoleArn", arnRule)
	a.policy = v.optional(c, "Policy", policyRule)
	v.count(c, "PolicyArns", 10)
	a.policyARNs = c.list("PolicyArns", ".arn")
	for i, arn := range a.policyARNs {
		v.text("policyArns."+itoa(i+1)+".member.arn", arn, arnRule)
	}
	if n := c.size("PolicyArns"); n != len(a.policyARNs) {
		return nil, errMalformedInput("The members of PolicyArns are not numbered from 1 without gaps.")
	}
	var err error
	if a.seconds, err = v.integer(c, "DurationSeconds", 900, 43200); err != nil {
		return nil, err
	}
	a.minSize, err = v.integer(c, "MinimumSessionTokenSize", 0, maxToken)
	return a, err
}

// resolve finds the role, once the parameters are in order.
func (a *assumption) resolve() error {
	arn, err := bridge.ParseRoleARN(a.roleARN)
	if err != nil {
		return errValidation(a.roleARN + " is invalid")
	}
	a.arn, a.role = arn, a.call.aws.role(a.roleARN)
	return checkSessionPolicies(a.policy, a.policyARNs, arn.Partition, arn.Account)
}

// also lists the further actions that the request needs (aws-facts 1.17, 1.18).
func (a *assumption) also() []string {
	var out []string
	if len(a.tags)+len(a.inherited) > 0 {
		out = append(out, tagSession)
	}
	if a.sourceIdentity != "" {
		out = append(out, setSourceIdentity)
	}
	return out
}

// judge asks the role's trust policy.
func (a *assumption) judge() trust.Decision {
	return a.role.trust.EvaluateAll(a.question(), a.also()...)
}

// authorizeUnsigned is for the two actions whose caller is an identity provider's word: the trust policy alone decides.
func (a *assumption) authorizeUnsigned() error {
	if a.role == nil || a.judge().Effect != trust.Allow {
		return errUnsignedDenied(a.call.action)
	}
	return a.active()
}

// active tells whether STS works in this region for the account that owns the role (aws-facts 6.3).
func (a *assumption) active() error {
	if a.call.aws.account(a.arn.Account).STSDisabled {
		return errRegionDisabled(a.arn.Account)
	}
	return nil
}

// length decides how long the session lasts; tooLong is the text for more than the role's maximum.
func (a *assumption) length(now time.Time, tooLong string) (time.Duration, error) {
	seconds := a.seconds
	if seconds < 0 {
		seconds = 3600
	}
	length := time.Duration(seconds) * time.Second
	switch {
	case a.caller != nil && a.caller.chains() && seconds > 3600:
		return 0, errValidation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case length > a.role.MaxSessionDuration:
		return 0, errValidation(tooLong)
	}
	if a.longest > 0 {
		length = min(length, time.Duration(a.longest)*time.Second)
	}
	if !a.notAfter.IsZero() {
		length = min(length, a.notAfter.Sub(now))
	}
	return length, nil
}

// open makes the session and its credentials, and tells how much of the token's size is used, in percent.
func (a *assumption) open(tooLong string) (*session, Credentials, int, error) {
	aws := a.call.aws
	now := aws.options.Now().UTC().Truncate(time.Second)
	length, err := a.length(now, tooLong)
	if err != nil {
		return nil, Credentials{}, 0, err
	}
	s := &session{
		via: a.via, chained: a.caller != nil && a.caller.chains(), role: a.arn, roleID: a.role.id, name: a.name,
		issued: now, expires: now.Add(length), sourceIdentity: a.sourceIdentity, provider: a.provider,
		tags: append(a.inherited, a.tags...), policy: a.policy, policyARNs: a.policyARNs,
	}
	creds := aws.issue(s, a.minSize)
	percent := (len(creds.SessionToken)*100 + maxToken - 1) / maxToken
	if len(creds.SessionToken) > maxToken {
		return nil, Credentials{}, percent, errPacked(percent)
	}
	return s, creds, percent, nil
}

// grant issues the credentials and the parts of the answer that all actions share.
func (a *assumption) grant(tooLong string) (assumed, error) {
	s, creds, percent, err := a.open(tooLong)
	if err != nil {
		return assumed{}, err
	}
	shown := s.arn()
	if a.call.aws.takeWrongAccount() {
		shown = strings.Replace(shown, "::"+s.role.Account+":", "::"+otherAccount(s.role.Account)+":", 1)
	}
	out := assumed{
		Credentials: credentialsXML{
			creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken, creds.Expires.Format("2006-01-02T15:04:05Z"),
		},
		AssumedRoleUser: assumedRoleUser{s.roleID + ":" + s.name, shown},
		SourceIdentity:  s.sourceIdentity, SessionTokenSize: len(creds.SessionToken), SessionTokenUtilization: percent,
	}
	// Absent where neither policies nor tags were sent; otherwise the same as the utilization (aws-facts 1.3, 7.2).
	if s.limited() || len(s.tags) > 0 {
		out.PackedPolicySize = strconv.Itoa(percent)
	}
	return out, nil
}

func otherAccount(id string) string {
	if id == "999999999999" {
		return "888888888888"
	}
	return "999999999999"
}

// assumed is the part of the answer that all three actions share.
type assumed struct {
	Credentials             credentialsXML
	AssumedRoleUser         assumedRoleUser
	PackedPolicySize        string `xml:",omitempty"`
	SourceIdentity          string `xml:",omitempty"`
	SessionTokenSize        int
	SessionTokenUtilization int
}

type credentialsXML struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

// named gives a result its element name.
func named(action string) xml.Name { return xml.Name{Local: action + "Result"} }
