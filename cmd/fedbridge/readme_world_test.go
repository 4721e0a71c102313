package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/audit"
	"github.com/fedbridge/fedbridge/bridge/awsconsole"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/mint"
	"github.com/fedbridge/fedbridge/bridge/store"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/config"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// readmeWorld is the Internet as README has it: identity providers at the addresses that it names, and an AWS.
type readmeWorld struct {
	t     testing.TB
	hosts hosts
	corp  *idptest.SAML
	web   map[string]*idptest.OIDC // by provider's name
	iam   *iam
	sts   *httptest.Server
	shell *shell
	store *store.SQLite
	own   []awssts.Credentials // of fedbridge; each is tried
	taken map[string]bool
}

// hosts carries requests to handlers in this process, by host.
type hosts map[string]http.Handler

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	handler := h[r.URL.Host]
	if handler == nil {
		handler = http.NotFoundHandler()
	}
	handler.ServeHTTP(answer, r.Clone(r.Context()))
	return answer.Result(), nil
}

const clusterIssuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"

var readmePeople = []idptest.Person{
	{
		Username: "dev", Subject: "u-2001-dev", Email: "dev@example.com", Name: "Dev", Groups: []string{"shop-developers"},
		RolePairs: []string{"arn:aws:iam::444455556666:role/Developer,arn:aws:iam::444455556666:saml-provider/Corp"},
	},
	{Username: "ann", Subject: "u-2002-ann", Email: "ann@example.com", Name: "Ann", Groups: []string{"analysts"}},
	{Username: "rita", Subject: "110169484474386276334", Email: "rita@example.com", Claims: map[string][]string{"hd": {"example.com"}}},
	{Username: "rob", Subject: "110000000000000000000", Email: "rob@example.com", Claims: map[string][]string{"hd": {"example.com"}}},
	{Username: "pod", Subject: "system:serviceaccount:fedbridge:fedbridge"},
	{Username: "other-pod", Subject: "system:serviceaccount:default:default"},
}

func newReadmeWorld(t testing.TB) *readmeWorld {
	t.Helper()
	w := &readmeWorld{t: t, hosts: hosts{}, web: map[string]*idptest.OIDC{}, shell: newShell(t), taken: map[string]bool{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.corp, err = idptest.NewSAML(idptest.SAMLOptions{
		URL: "https://sso.example.com/idp", People: readmePeople, Audiences: []string{idptest.AWSAudience},
	})
	must(err)
	w.hosts["sso.example.com"] = w.corp
	for name, at := range map[string]struct{ issuer, client string }{
		"staff":   {"https://sso.example.org/realms/staff", "fedbridge"},
		"google":  {"https://accounts.google.com", "1234.apps.googleusercontent.com"},
		"cluster": {clusterIssuer, "sts.amazonaws.com"},
	} {
		w.web[name], err = idptest.NewOIDC(idptest.OIDCOptions{Issuer: at.issuer, People: readmePeople, Clients: []idptest.Client{
			{ID: at.client, Secret: "secret", RedirectURIs: []string{"https://bridge.example.com/oidc/" + name + "/callback"}},
			{ID: "another", Secret: "secret", RedirectURIs: []string{"https://bridge.example.com/oidc/" + name + "/callback"}},
		}})
		must(err)
		u, err := url.Parse(at.issuer)
		must(err)
		w.hosts[u.Host] = w.web[name]
	}
	aws := ststest.New(ststest.Options{Region: "eu-west-1", HTTPClient: &http.Client{Transport: w.hosts}})
	for _, id := range []string{"999988887777", "444455556666", "777788889999"} {
		must(aws.AddAccount(ststest.Account{ID: id}))
	}
	w.iam = &iam{t: t, aws: aws, roles: map[string]ststest.Role{}}
	w.sts = httptest.NewServer(aws.STS())
	t.Cleanup(w.sts.Close)
	w.store, err = store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	must(err)
	t.Cleanup(func() { w.store.Close() })
	metadata := filepath.Join(w.shell.root, "metadata.xml")
	w.shell.write(metadata, string(w.corp.Metadata()))
	w.shell.env = append(w.shell.env, "METADATA="+metadata)
	return w
}

// asking is one person who wants one role, under a configuration.
type asking struct {
	config, provider, account, role, person string
	audience                                string // the entity id, where it isn't the default
}

// loads parses a configuration, whose own tests must pass.
func (w *readmeWorld) loads(text string) *config.File {
	w.t.Helper()
	file, problems := config.Parse("README", []byte(text))
	for _, p := range problems {
		w.t.Error(p)
	}
	if file == nil {
		w.t.FailNow()
	}
	for _, failure := range runTests(file) {
		w.t.Error(failure)
	}
	return file
}

// assume signs the person in and asks for the role.
func (w *readmeWorld) assume(a asking, own awssts.Credentials) (bridge.Credentials, []byte, error) {
	w.t.Helper()
	// Secrets stand below /etc/fedbridge; here they stand elsewhere.
	secret := filepath.Join(w.shell.root, "secret")
	w.shell.write(secret, "secret\n")
	text := strings.NewReplacer("file:/etc/fedbridge/staff.secret", "file:"+secret, "file:/etc/fedbridge/google.secret", "file:"+secret)
	file := w.loads(text.Replace(a.config))
	identity, proof := w.signIn(file, a)
	rules, _ := file.Policy()
	sts, err := awssts.New(awssts.Config{Region: file.AWS.Region, Endpoint: w.sts.URL, Credentials: &own})
	if err != nil {
		w.t.Fatal(err)
	}
	console, err := awsconsole.New(awsconsole.Config{Issuer: file.Server.URL, Region: file.AWS.Region})
	if err != nil {
		w.t.Fatal(err)
	}
	var written bytes.Buffer
	log, err := audit.Open([]string{"stdout"}, &written)
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	options := bridge.Options{Authorizer: rules, Roles: rules, STS: sts, Console: console, Audit: log}
	if file.Issuer != nil {
		options.Minter = w.minter(file.Issuer.URL)
	}
	core, err := bridge.New(options)
	if err != nil {
		w.t.Fatal(err)
	}
	// As long as the configuration gives: the IAM role must give it, too.
	key := bridge.RoleKey{Account: a.account, Name: a.role}
	role, _ := rules.Role(key)
	creds, err := core.Assume(w.t.Context(), bridge.AssumeRequest{
		Identity: identity, Proof: proof, Role: key, Duration: role.MaxSession,
		Door: "portal", Source: "192.0.2.17", RequestID: "KFD5ETWFCKD3ODK72LIQKN3AJZ",
	})
	return creds, written.Bytes(), err
}

// minter mints with keys that it publishes at the issuer's address.
func (w *readmeWorld) minter(issuer string) *mint.Minter {
	w.t.Helper()
	var ring *mint.Ring
	documents := http.NewServeMux()
	for path, of := range map[string]func(mint.Documents) []byte{
		"/.well-known/openid-configuration": func(d mint.Documents) []byte { return d.Discovery },
		"/jwks":                             func(d mint.Documents) []byte { return d.JWKS },
	} {
		documents.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			rw.Write(of(ring.Documents()))
		})
	}
	w.hosts[strings.TrimPrefix(issuer, "https://")] = documents
	ring, err := mint.OpenRing(w.t.Context(), mint.RingConfig{
		Issuer: issuer, Dir: filepath.Join(w.shell.root, "keys"), State: recordsOf{w.store}, HTTP: w.hosts,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := ring.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	minter, err := mint.New(mint.Config{Issuer: issuer, EntityID: issuer + "/saml/metadata", Keys: ring, SubjectKey: make([]byte, 32)})
	if err != nil {
		w.t.Fatal(err)
	}
	return minter
}

// recordsOf is a store as mint wants it.
type recordsOf struct{ *store.SQLite }

func (r recordsOf) Load(ctx context.Context, name string) ([]byte, int64, error) {
	value, version, err := r.Record(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	}
	return value, version, err
}

func (r recordsOf) Swap(ctx context.Context, name string, from int64, value []byte) (bool, error) {
	err := r.SwapRecord(ctx, name, from, value)
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// signIn is the whole of the protocol, without the pages.
func (w *readmeWorld) signIn(file *config.File, a asking) (bridge.Identity, bridge.Proof) {
	w.t.Helper()
	entity := a.audience
	if entity == "" {
		entity = file.Server.URL + "/saml/corp/metadata"
	}
	w.corp.AddSP(idptest.SP{EntityID: entity, ACS: []string{file.Server.URL + "/saml/corp/acs"}})
	provider, err := providerNamed(file, a.provider).Open(idp.Deps{
		BaseURL: file.Server.URL, Replay: store.Guard{Store: w.store}, Transport: w.hosts,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	login := idp.NewLogin(a.provider, "/", time.Now())
	challenge, err := provider.Begin(w.t.Context(), login)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := idp.Answer{Method: http.MethodGet}
	if web := w.web[a.provider]; web != nil {
		answer.Query, err = web.Answer(challenge.URL, a.person)
	} else {
		answer.Method = http.MethodPost
		answer.Form, err = w.corp.Answer(challenge.URL, challenge.Form, a.person)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	identity, proof, err := provider.Finish(w.t.Context(), login, answer)
	if err != nil {
		w.t.Fatalf("signing in at %s: %v", a.provider, err)
	}
	return identity, proof
}

// takes expects credentials of the role, with each of fedbridge's own credentials.
func (w *readmeWorld) takes(a asking) {
	w.t.Helper()
	for _, own := range w.own {
		creds, written, err := w.assume(a, own)
		if err != nil {
			w.t.Fatalf("%s/%s: %v", a.account, a.role, err)
		}
		w.taken[creds.Role.ARN.String()] = true
		if a.role == "readonly" {
			w.compareAudit(written)
		}
	}
}

func (w *readmeWorld) refused(a asking, want bridge.Code) {
	w.t.Helper()
	if creds, _, err := w.assume(a, w.own[0]); bridge.CodeOf(err) != want || creds.AccessKeyID != "" {
		w.t.Errorf("%s/%s: %v, want %s", a.account, a.role, err, want)
	}
}

// compareAudit holds README's example to the fields of a true outcome.
func (w *readmeWorld) compareAudit(written []byte) {
	w.t.Helper()
	lines := bytes.Split(bytes.TrimSpace(written), []byte("\n"))
	var example, truth map[string]any
	if err := json.Unmarshal([]byte(readmeBlock(w.t, "audit", "outcome").text), &example); err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(lines[len(lines)-1], &truth); err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(truth)), slices.Sorted(maps.Keys(example))); diff != "" {
		w.t.Errorf("fields of an outcome, -true +README:\n%s", diff)
	}
}

func (w *readmeWorld) instanceCredentials() []awssts.Credentials {
	w.t.Helper()
	own, err := w.iam.aws.Instance(ownRole, "i-0123456789abcdef0", time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return []awssts.Credentials{{
		AccessKeyID: own.AccessKeyID, SecretAccessKey: bridge.NewSecret(own.SecretAccessKey), SessionToken: bridge.NewSecret(own.SessionToken),
	}}
}

// serviceAccount is IRSA: a pod trades the token of its service account, and another pod's token is refused.
func (w *readmeWorld) serviceAccount() {
	w.t.Helper()
	_, err := w.iam.aws.AddOIDCProvider(ststest.OIDCProvider{Account: "999988887777", Issuer: clusterIssuer, ClientIDs: []string{"sts.amazonaws.com"}})
	if err != nil {
		w.t.Fatal(err)
	}
	sts, err := awssts.New(awssts.Config{Region: "eu-west-1", Endpoint: w.sts.URL})
	if err != nil {
		w.t.Fatal(err)
	}
	arn, err := bridge.ParseRoleARN(ownRole)
	if err != nil {
		w.t.Fatal(err)
	}
	exchange := func(pod string) (bridge.Credentials, error) {
		cluster := w.web["cluster"]
		person := readmePeople[slices.IndexFunc(readmePeople, func(p idptest.Person) bool { return p.Username == pod })]
		token := cluster.Sign(nil, cluster.IDTokenClaims(person, "sts.amazonaws.com", ""))
		return sts.Exchange(context.Background(), bridge.ExchangeRequest{
			Role: bridge.Role{ARN: arn}, Via: bridge.ViaWebIdentity, SessionName: "fedbridge", Duration: time.Hour,
			Proof: bridge.Proof{Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(token)},
		})
	}
	creds, err := exchange("pod")
	if err != nil {
		w.t.Fatal(err)
	}
	w.own = append(w.own, awssts.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey, SessionToken: creds.SessionToken})
	if _, err := exchange("other-pod"); bridge.CodeOf(err) != bridge.CodeSTSRefused {
		w.t.Errorf("another service account: %v", err)
	}
}
