package ststest

import (
	"crypto/hmac"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// How a session came to be.
const (
	viaInstance    = "an instance profile"
	viaAssumeRole  = "AssumeRole"
	viaSAML        = "AssumeRoleWithSAML"
	viaWebIdentity = "AssumeRoleWithWebIdentity"
	viaSAMLSignIn  = "a SAML response at the sign-in page"
)

// session is one role session, as its token holds it.
type session struct {
	keyID          string
	via            string
	chained        bool // it came from another session
	role           bridge.RoleARN
	roleID         string
	name           string
	issued         time.Time
	expires        time.Time
	sourceIdentity string
	provider       string // that vouched for it, where one did
	tags           tagSet
	policy         string   // the inline session policy
	policyARNs     []string // the managed ones
}

func (s *session) arn() string { return s.role.AssumedRole(s.name) }

// limited tells whether a session policy narrows what the role's own policies allow.
func (s *session) limited() bool { return s.policy != "" || len(s.policyARNs) > 0 }

func (s *session) fields() []string {
	out := []string{"", s.via, strconv.FormatBool(s.chained), s.role.String(), s.roleID, s.name,
		strconv.FormatInt(s.issued.Unix(), 10), strconv.FormatInt(s.expires.Unix(), 10),
		s.sourceIdentity, s.provider, s.policy, strings.Join(s.policyARNs, " ")}
	for _, t := range s.tags {
		out = append(out, t.Key, t.Value, strconv.FormatBool(t.transitive))
	}
	return out
}

func sessionOf(keyID string, f []string) (*session, error) {
	if len(f) < 12 || (len(f)-12)%3 != 0 {
		return nil, fmt.Errorf("a token of %d fields", len(f))
	}
	arn, err := bridge.ParseRoleARN(f[3])
	if err != nil {
		return nil, err
	}
	issued, err1 := strconv.ParseInt(f[6], 10, 64)
	expires, err2 := strconv.ParseInt(f[7], 10, 64)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("a token without times")
	}
	s := &session{
		keyID: keyID, via: f[1], chained: f[2] == "true", role: arn, roleID: f[4], name: f[5],
		issued: time.Unix(issued, 0).UTC(), expires: time.Unix(expires, 0).UTC(),
		sourceIdentity: f[8], provider: f[9], policy: f[10], policyARNs: strings.Fields(f[11]),
	}
	for i := 12; i < len(f); i += 3 {
		s.tags = append(s.tags, tag{Tag: bridge.Tag{Key: f[i], Value: f[i+1]}, transitive: f[i+2] == "true"})
	}
	return s, nil
}

// Credentials are what STS issues.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// issue makes the credentials of a session.
func (a *AWS) issue(s *session, minSize int) Credentials {
	s.keyID = randomID("ASIA")
	return Credentials{
		AccessKeyID: s.keyID, SecretAccessKey: a.sealer.secretOf(s.keyID),
		SessionToken: a.sealer.seal(s.keyID, s.fields(), minSize), Expires: s.expires,
	}
}

// Instance gives the credentials that an EC2 instance, a task or a function with this role would find: temporary ones
// that nobody had to ask for.
func (a *AWS) Instance(roleARN, sessionName string, length time.Duration) (Credentials, error) {
	r := a.role(roleARN)
	if r == nil {
		return Credentials{}, fmt.Errorf("ststest: no role %s", roleARN)
	}
	if !bridge.ValidSessionName(sessionName) {
		return Credentials{}, fmt.Errorf("ststest: session name %q", sessionName)
	}
	now := a.options.Now().Truncate(time.Second)
	return a.issue(&session{
		via: viaInstance, role: r.arn, roleID: r.id, name: sessionName, issued: now, expires: now.Add(length),
	}, 0), nil
}

// caller is who signed a call: a user, or a role session.
type caller struct {
	user    *user
	session *session
	aws     *AWS
}

// lookup finds the owner of an access key and the secret to verify with. A token that doesn't belong to the key looks
// like an unknown key.
func (a *AWS) lookup(keyID, token string) (*caller, string, error) {
	if token == "" {
		a.mu.RLock()
		u := a.users[keyID]
		a.mu.RUnlock()
		if u == nil {
			return nil, "", errClientToken()
		}
		return &caller{user: u, aws: a}, u.SecretAccessKey, nil
	}
	s, err := a.unseal(keyID, token)
	if err != nil {
		return nil, "", errClientToken()
	}
	return &caller{session: s, aws: a}, a.sealer.secretOf(keyID), nil
}

func (a *AWS) unseal(keyID, token string) (*session, error) {
	fields, err := a.sealer.open(keyID, token)
	if err != nil {
		return nil, err
	}
	return sessionOf(keyID, fields)
}

// holds tells whether the three parts of temporary credentials belong together, and to which session.
func (a *AWS) holds(keyID, secret, token string) (*session, bool) {
	s, err := a.unseal(keyID, token)
	if err != nil || !hmac.Equal([]byte(secret), []byte(a.sealer.secretOf(keyID))) {
		return nil, false
	}
	return s, true
}

func (w *caller) arn() string {
	if w.user != nil {
		return w.user.arn
	}
	return w.session.arn()
}

func (w *caller) account() string {
	if w.user != nil {
		return w.user.Account
	}
	return w.session.role.Account
}

func (w *caller) partition() string {
	if w.user != nil {
		return strings.SplitN(w.user.arn, ":", 3)[1]
	}
	return w.session.role.Partition
}

func (w *caller) id() string {
	if w.user != nil {
		return w.user.id
	}
	return w.session.roleID + ":" + w.session.name
}

// permits tells what the caller's identity policies allow. A session policy could take it away; it isn't evaluated, so
// a session that has one may not go on.
func (w *caller) permits(action, roleARN string) bool {
	if w.user != nil {
		return w.user.allows(action, roleARN)
	}
	r := w.aws.role(w.session.role.String())
	return r != nil && !w.session.limited() && r.allows(action, roleARN)
}

// chains tells whether a role that this caller assumes is chained (aws-facts 1.15).
func (w *caller) chains() bool {
	return w.session != nil && !(w.session.via == viaInstance && w.aws.options.InstanceRolesNotChained)
}
