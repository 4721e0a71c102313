package trust

import (
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// person is a made-up one, to put into the places of a call whose values come from whoever signs in.
type person struct{ session, source, subject, tag string }

// people differ in everything, so that what all of them may is not a matter of who they are: the last two have no
// character in common but the hyphen, and are as short as can be.
var people = []person{
	{"ada.lovelace-k5xj2q7abc", "ada.lovelace@example.com", "m4zt2kq7w3n5y6p2r4s6t7u2v3w4x5y6z7a2b3c4d5e6f7g2h3i4", "Platform 1"},
	{"bob-z7yqw2mnop", "bob@example.org", "a7b6c5d4e3f2g7h6i5j4k3l2m7n6o5p4q3r2s7t6u5v4w3x2y7z6", "x"},
	{"a-aaaaaaaaaa", "aa", strings.Repeat("a", 52), "a"},
	{"7-7777777777", "77", strings.Repeat("7", 52), "7"},
}

// shot is one of the calls that fedbridge may make for a need: they differ in what it can choose.
type shot struct {
	audience, recipient, subject string
	tags                         []string // keys
}

// shots lists the calls: with each audience, for each recipient, with all tags and with those alone that can't be left
// out.
func (n Need) shots() []shot {
	out := []shot{{}}
	spread := func(values []string, set func(*shot, string)) {
		if len(values) == 0 {
			return
		}
		var next []shot
		for _, s := range out {
			for _, v := range values {
				set(&s, v)
				next = append(next, s)
			}
		}
		out = next
	}
	if n.oidc() {
		spread(n.audiences(), func(s *shot, v string) { s.audience = v })
		spread(n.ask().subjects, func(s *shot, v string) { s.subject = v })
	}
	if n.saml() {
		spread(n.Recipient, func(s *shot, v string) { s.recipient = v })
	}
	if !n.sendsTags() {
		return out
	}
	sets := [][]string{n.Role.TagKeys}
	if len(n.Role.OptionalTags) > 0 {
		sets = append(sets, without(n.Role.TagKeys, n.Role.OptionalTags))
	}
	var next []shot
	for _, s := range out {
		for _, tags := range sets {
			s.tags = tags
			next = append(next, s)
		}
	}
	return next
}

// without keeps what isn't in the second list.
func without(list, gone []string) []string {
	var out []string
	for _, v := range list {
		if !contains(gone, v) {
			out = append(out, v)
		}
	}
	return out
}

func contains(list []string, v string) bool {
	for _, w := range list {
		if v == w {
			return true
		}
	}
	return false
}

// request is the call as STS will see it. Without a person, what depends on the person is not known.
func (e *exam) request(action string, s shot, who *person) Request {
	n := e.need
	r := Request{
		Principal: e.principal, Action: action, Resource: n.Role.ARN.String(),
		Context: map[string][]string{
			"aws:CurrentTime": {e.now.UTC().Format(time.RFC3339)}, "aws:EpochTime": {strconv.FormatInt(e.now.Unix(), 10)},
			"aws:SecureTransport": {"true"}, "aws:ViaAWSService": {"false"}, "aws:ResourceAccount": {n.Role.ARN.Account},
		},
	}
	if n.Role.Region != "" {
		r.Context["aws:RequestedRegion"] = []string{n.Role.Region}
	}
	e.personal(&r, s, who)
	switch {
	case n.Via == bridge.ViaAssumeRole:
		e.signed(&r)
	case n.saml():
		e.assertion(&r, s, who)
	default:
		e.token(&r, s, who)
	}
	return r
}

// know gives a key its value; where the need doesn't tell it, it isn't known.
func (r *Request) know(key, value string) {
	if value == "" {
		r.Opaque = append(r.Opaque, key)
		return
	}
	r.Context[key] = []string{value}
}

// personal is what a person's sign-in puts into every kind of call.
func (e *exam) personal(r *Request, s shot, who *person) {
	n := e.need
	give := func(key string, value func(person) string) {
		if who == nil {
			r.Opaque = append(r.Opaque, key)
			return
		}
		r.Context[key] = []string{value(*who)}
	}
	give("sts:RoleSessionName", func(p person) string { return p.session })
	if n.sendsSource() {
		give("sts:SourceIdentity", func(p person) string { return p.source })
	}
	for _, key := range s.tags {
		give("aws:RequestTag/"+key, func(p person) string { return p.tag })
		r.Context["aws:TagKeys"] = append(r.Context["aws:TagKeys"], key)
		if contains(n.Role.TransitiveTags, key) {
			r.Context["sts:TransitiveTagKeys"] = append(r.Context["sts:TransitiveTagKeys"], key)
		}
	}
	if n.relays() { // what is relayed may bring its own
		r.Opaque = append(r.Opaque, "sts:SourceIdentity", "aws:TagKeys", "sts:TransitiveTagKeys", "aws:RequestTag/*")
	}
}

// signed is an AssumeRole by fedbridge's own principal (aws-facts 1.4).
func (e *exam) signed(r *Request) {
	if id := e.need.Role.ExternalID; id != "" {
		r.Context["sts:ExternalId"] = []string{id}
	}
	arn, kind := r.Principal.ID, "User"
	if r.Principal.Role != "" {
		arn, kind = r.Principal.Role, "AssumedRole"
	}
	r.Context["aws:PrincipalArn"], r.Context["aws:PrincipalType"] = []string{arn}, []string{kind}
	r.Context["aws:PrincipalIsAWSService"] = []string{"false"}
	if part := splitARN(arn); part != nil {
		r.Context["aws:PrincipalAccount"] = []string{part[4]}
		if kind == "User" && strings.HasPrefix(part[5], "user/") {
			r.Context["aws:username"] = []string{part[5][strings.LastIndexByte(part[5], '/')+1:]}
		}
	}
}

// assertion is a SAML response (aws-facts 2.5). Of the IdP's own one, its subject and attributes are not known.
func (e *exam) assertion(r *Request, s shot, who *person) {
	n := e.need
	provider := n.Role.SAMLProvider
	sum := sha1.Sum([]byte(n.EntityID + provider.Account + "/" + provider.Name)) // aws-facts 1.5: what AWS calls NameQualifier
	r.Context["saml:doc"] = []string{provider.Account + "/" + provider.Name}
	r.know("saml:aud", s.recipient)
	r.know("saml:iss", n.EntityID)
	if n.EntityID != "" {
		r.know("saml:namequalifier", base64.StdEncoding.EncodeToString(sum[:]))
	}
	if n.Via != bridge.ViaIssuer {
		return
	}
	r.Context["saml:sub_type"] = []string{"persistent"}
	if who != nil {
		r.Context["saml:sub"] = []string{who.subject}
	} else {
		r.Opaque = append(r.Opaque, "saml:sub")
	}
	if r.Absent = append(r.Absent, "saml:*"); n.EntityID == "" {
		r.Opaque = append(r.Opaque, "saml:namequalifier")
	}
}

// token is an ID token (aws-facts 3.5, 3.7). What we mint says all that is asked about; of an IdP's own one, azp, oaud and
// amr are not known.
func (e *exam) token(r *Request, s shot, who *person) {
	n := e.need
	prefix := bareIssuer(n.Issuer) + ":"
	r.know(prefix+"aud", s.audience)
	switch {
	case n.Via == bridge.ViaIssuer:
		r.know(prefix+"oaud", s.audience) // an IdP's own token may have azp, and another aud
		if who != nil {
			r.Context[prefix+"sub"] = []string{n.Role.ARN.Name + "/" + who.subject}
		} else {
			r.Opaque = append(r.Opaque, prefix+"sub")
		}
		r.Context["sts:RoleAuthorizedByIdp"] = []string{"true"}
		r.Absent = append(r.Absent, prefix+"azp", prefix+"amr")
	case s.subject != "":
		r.Context[prefix+"sub"] = []string{s.subject}
	case who != nil:
		r.Context[prefix+"sub"] = []string{who.subject}
	}
}

// answer is what STS will say, as far as can be told.
type answer struct {
	Decision
	depends bool // with Unknown: it depends on who the person is
}

// judge evaluates a call for nobody in particular, and where that leaves it open, for several people.
func (e *exam) judge(p *Policy, action string, s shot) answer {
	d := p.Evaluate(e.request(action, s, nil))
	if d.Effect != Unknown {
		return answer{Decision: d}
	}
	all, refused := true, 0
	var last Decision
	for i := range people {
		last = p.Evaluate(e.request(action, s, &people[i]))
		all = all && last.Effect == Allow
		if last.Effect == Deny {
			refused++
		}
	}
	switch {
	case all:
		return answer{Decision: last}
	case refused == len(people) && e.otherSubject(last):
		return answer{Decision: last}
	}
	return answer{Decision: d, depends: refused > 0}
}

// otherSubject tells whether a condition refuses whatever subject our tokens may have, and not some people alone: none of
// its values begins as all of ours do.
func (e *exam) otherSubject(d Decision) bool {
	if e.whole.role == "" || lower(d.Condition.Key) != lower(e.whole.prefix+"sub") || strings.Contains(d.Condition.Operator, "Not") {
		return false
	}
	ours := e.whole.role + "/"
	for _, v := range d.Wanted {
		if i := strings.IndexAny(v, "*?$"); i >= 0 {
			v = v[:i]
		}
		if strings.HasPrefix(v, ours) || strings.HasPrefix(ours, v) {
			return false
		}
	}
	return true
}
