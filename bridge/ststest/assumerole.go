package ststest

import (
	"encoding/xml"
	"maps"
	"strings"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

const signedTooLong = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."

type assumeRoleResult struct {
	XMLName xml.Name
	assumed
}

// assumeRole is AssumeRole (aws-facts 1.4).
func assumeRole(c *call, who *caller) (any, error) {
	a, externalID, err := readAssumeRole(c, who)
	if err != nil {
		return nil, err
	}
	if err := a.inherit(); err != nil {
		return nil, err
	}
	if err := a.authorizeSigned(externalID); err != nil {
		return nil, err
	}
	out, err := a.grant(signedTooLong)
	if err != nil {
		return nil, err
	}
	return assumeRoleResult{named(c.action), out}, nil
}

func readAssumeRole(c *call, who *caller) (a *assumption, externalID string, err error) {
	var v violations
	if a, err = c.common(&v); err != nil {
		return nil, "", err
	}
	a.caller, a.via = who, viaAssumeRole
	a.name = v.required(c, "RoleSessionName", sessionNameRule)
	a.sourceIdentity = v.optional(c, "SourceIdentity", sessionNameRule)
	externalID = v.optional(c, "ExternalId", externalIDRule)
	serial := v.optional(c, "SerialNumber", serialRule)
	code := v.optional(c, "TokenCode", tokenCodeRule)
	v.count(c, "ProvidedContexts", 5)
	for i, assertion := range c.list("ProvidedContexts", ".ContextAssertion") {
		v.text("providedContexts."+itoa(i+1)+".member.contextAssertion", assertion, contextRule)
	}
	keys := readTags(c, a, &v)
	if err := v.err(); err != nil {
		return nil, "", err
	}
	if err := a.resolve(); err != nil {
		return nil, "", err
	}
	if problem := a.tags.problem(); problem != "" {
		return nil, "", errValidation(problem)
	}
	if problem := a.tags.mark(keys); problem != "" {
		return nil, "", errValidation(problem)
	}
	if reserved(a.sourceIdentity) {
		return nil, "", errValidation("Source Identity must not begin with \"aws:\"")
	}
	switch {
	case serial != "" || code != "":
		// No MFA device is registered here, so no code can be right.
		return nil, "", &apiError{403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "}
	case c.size("ProvidedContexts") > 0:
		return nil, "", errDenied(who.arn(), "sts:SetContext", a.roleARN)
	}
	return a, externalID, nil
}

// readTags reads Tags and TransitiveTagKeys and gives the keys that shall be transitive.
func readTags(c *call, a *assumption, v *violations) []string {
	v.count(c, "Tags", maxTags)
	v.count(c, "TransitiveTagKeys", maxTags)
	for i := 1; i <= c.size("Tags"); i++ {
		member, field := "tags."+itoa(i)+".member.", "Tags.member."+itoa(i)
		var t tag
		t.Key = v.member(c, field+".Key", member+"key", tagKeyRule)
		t.Value = v.member(c, field+".Value", member+"value", tagValueRule)
		a.tags = append(a.tags, t)
	}
	keys := c.list("TransitiveTagKeys", "")
	for i, key := range keys {
		v.text("transitiveTagKeys."+itoa(i+1)+".member", key, tagKeyRule)
	}
	return keys
}

// inherit takes over what a calling session hands on: transitive tags and the source identity.
func (a *assumption) inherit() error {
	if a.caller.session == nil {
		return nil
	}
	a.inherited = a.caller.session.tags.transitive()
	for _, t := range a.tags {
		if a.inherited.has(t.Key) {
			return errValidation("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	if len(a.inherited)+len(a.tags) > maxTags {
		return errValidation("The number of session tags exceeds the limit of 50.")
	}
	set := a.caller.session.sourceIdentity
	if set != "" && a.sourceIdentity != "" && set != a.sourceIdentity { // it can't change once set
		return errDenied(a.caller.arn(), setSourceIdentity, a.roleARN)
	}
	if set != "" {
		a.sourceIdentity = set
	}
	return nil
}

// authorizeSigned asks both sides: the role's trust policy, and the caller's identity policies. Inside one account, a
// trust policy that names the caller itself suffices (aws-facts 1.4).
func (a *assumption) authorizeSigned(externalID string) error {
	who, action := a.caller, "sts:AssumeRole"
	if a.role == nil || a.arn.Partition != who.partition() {
		return errDenied(who.arn(), action, a.roleARN)
	}
	a.principal = trust.Principal{Kind: trust.AWS, ID: who.arn()}
	if externalID != "" {
		a.context["sts:ExternalId"] = []string{externalID}
	}
	maps.Copy(a.context, who.conditionKeys())
	if who.session != nil {
		a.principal.Role = who.session.role.String()
	}
	decision := a.judge()
	if decision.Effect != trust.Allow {
		return errDenied(who.arn(), decision.Action, a.roleARN)
	}
	if !decision.Named || who.account() != a.arn.Account {
		for _, action := range append([]string{action}, a.also()...) {
			if !who.permits(action, a.roleARN) {
				return errDenied(who.arn(), action, a.roleARN)
			}
		}
	}
	return a.active()
}

// conditionKeys are what a policy can ask about the caller.
func (w *caller) conditionKeys() map[string][]string {
	out := map[string][]string{
		"aws:userid": {w.id()}, "aws:PrincipalAccount": {w.account()}, "aws:PrincipalArn": {w.arn()},
	}
	if w.user != nil {
		out["aws:username"], out["aws:PrincipalType"] = []string{w.user.Name}, []string{"User"}
		return out
	}
	s := w.session
	out["aws:PrincipalArn"], out["aws:PrincipalType"] = []string{s.role.String()}, []string{"AssumedRole"}
	if s.sourceIdentity != "" {
		out["aws:SourceIdentity"] = []string{s.sourceIdentity}
	}
	if s.provider != "" {
		out["aws:FederatedProvider"] = []string{s.provider}
	}
	if r := w.aws.role(s.role.String()); r != nil {
		for key, value := range r.Tags {
			out["aws:PrincipalTag/"+strings.ToLower(key)] = []string{value}
		}
	}
	for _, t := range s.tags { // a session tag overrides a role tag of the same key (aws-facts 1.17)
		out["aws:PrincipalTag/"+strings.ToLower(t.Key)] = []string{t.Value}
	}
	return out
}

// member reads one field of a list's structure; it must be there.
func (v *violations) member(c *call, parameter, member string, r rule) string {
	values, ok := c.form[parameter]
	if !ok {
		v.add("null ", member, "not be null")
		return ""
	}
	v.text(member, values[0], r)
	return values[0]
}
