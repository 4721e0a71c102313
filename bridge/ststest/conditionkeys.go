package ststest

import (
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

// question is what the role's trust policy is asked. Of condition keys that are neither here nor certainly absent
// (organisations, VPC endpoints, MFA of a session) this AWS doesn't know what a real one would say, so a policy that tests
// them refuses.
func (a *assumption) question() trust.Request {
	context := maps.Clone(a.context)
	a.circumstances(context)
	context["sts:RoleSessionName"] = []string{a.name}
	context["aws:RequestedRegion"] = []string{a.call.aws.options.Region}
	if a.sourceIdentity != "" {
		context["sts:SourceIdentity"] = []string{a.sourceIdentity}
	}
	for key, value := range a.role.Tags {
		context["aws:ResourceTag/"+key], context["iam:ResourceTag/"+key] = []string{value}, []string{value}
	}
	a.tags.conditionKeys(context)
	request := trust.Request{
		Principal: a.principal, Action: "sts:" + a.call.action, Resource: a.roleARN, Context: context, Opaque: a.opaque,
		Absent: []string{"aws:ResourceTag/*", "iam:ResourceTag/*"},
	}
	if a.caller != nil { // who signs is known whole
		request.Absent = append(request.Absent, "aws:PrincipalTag/*", "aws:SourceIdentity", "aws:FederatedProvider")
	}
	if a.call.aws.options.RoleAuthorizedByIdpWithTags {
		request.Lenient = []string{"sts:RoleAuthorizedByIdp"}
	}
	return request
}

// circumstances are the condition keys of every request: when it comes, how, from where, and with which credentials.
func (a *assumption) circumstances(context map[string][]string) {
	now := a.call.aws.options.Now().UTC()
	context["aws:CurrentTime"] = []string{now.Format("2006-01-02T15:04:05Z")}
	context["aws:EpochTime"] = []string{strconv.FormatInt(now.Unix(), 10)}
	if a.call.http != nil {
		transport(a.call.http, context)
	}
	switch {
	case a.caller == nil:
		context["aws:TokenIssueTime"] = nil // it is there for signed requests alone
	case a.caller.session != nil:
		context["aws:TokenIssueTime"] = []string{a.caller.session.issued.UTC().Format(time.RFC3339)}
	default: // long-term keys know neither a token nor MFA
		context["aws:TokenIssueTime"], context["aws:MultiFactorAuthPresent"], context["aws:MultiFactorAuthAge"] = nil, nil, nil
	}
}

// transport reads what the connection tells. Behind a proxy that would be the proxy's; this AWS has none in front.
func transport(r *http.Request, context map[string][]string) {
	context["aws:SecureTransport"] = []string{strconv.FormatBool(r.TLS != nil)}
	if address, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		context["aws:SourceIp"] = []string{address.Addr().Unmap().WithZone("").String()}
	}
	for key, header := range map[string]string{"aws:UserAgent": "User-Agent", "aws:Referer": "Referer"} {
		context[key] = nil
		if value := r.Header.Get(header); value != "" {
			context[key] = []string{value}
		}
	}
}
