package saml_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

const (
	baseURL  = "https://bridge.example.com"
	acs      = baseURL + "/saml/corp/acs"
	entityID = baseURL + "/saml/corp/metadata"
)

var alice = idptest.Person{
	Username: "alice", Password: "secret", Subject: "alice-0001", Email: "alice@example.com", Name: "Alice Liddell",
	Groups: []string{"dev", "aws-platform"}, Claims: map[string][]string{"department": {"engineering"}},
}

// world is a provider under test, and the identity provider that it trusts.
type world struct {
	t      testing.TB
	idp    *idptest.SAML
	config saml.Config
	deps   idp.Deps
	audit  *auditLog
	replay *replayGuard
	log    *bytes.Buffer
	clock  *clock
	p      idp.IdentityProvider
}

// setup is what a test changes before the world is made.
type setup struct {
	idp       func(*idptest.SAMLOptions)
	config    func(*saml.Config)
	encrypt   bool // give the SP a decryption key, and the identity provider its certificate
	transport http.RoundTripper
}

func newWorld(t testing.TB, s setup) *world {
	t.Helper()
	w := &world{t: t, audit: &auditLog{}, replay: &replayGuard{used: map[string]time.Time{}}, log: &bytes.Buffer{}, clock: &clock{}}
	options := idptest.SAMLOptions{
		URL: "https://idp.example.com", People: []idptest.Person{alice},
		SPs: []idptest.SP{{EntityID: entityID, ACS: []string{acs}}},
		Now: w.clock.now,
	}
	w.config = saml.Config{
		Common: idp.Common{Name: "corp", Kind: idp.KindSAML},
		Claims: saml.Claims{Email: "mail", Name: "displayName", Groups: saml.GroupsClaim{Claim: "memberOf"}},
	}
	if s.encrypt {
		key, cert := keyFiles(t)
		w.config.Decryption = saml.Decryption{Key: "file:" + bridge.SecretRef(key), Certificate: "file:" + bridge.SecretRef(cert)}
		options.SPs[0].EncryptionCertificate = readCert(t, cert)
	}
	if s.idp != nil {
		options.Key = idptest.KeyECDSA // made at once; RSA is what the provider without options has
		s.idp(&options)
		w.idp = newIDP(t, options)
	} else {
		w.idp = plainIDP(t)
		plainClock.Store(w.clock)
		w.idp.Lie()
		w.idp.AddSP(options.SPs[0])
	}
	w.config.Metadata = "file:" + w.file("idp.xml", w.idp.Metadata())
	if s.config != nil {
		s.config(&w.config)
	}
	w.deps = idp.Deps{
		BaseURL: baseURL, Replay: w.replay, Audit: w.audit, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: w.clock.now,
		Transport: s.transport,
	}
	w.open()
	return w
}

func newIDP(t testing.TB, options idptest.SAMLOptions) *idptest.SAML {
	t.Helper()
	provider, err := idptest.NewSAML(options)
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// The provider without options is made once: its keys take a while. Tests that use it don't run in parallel.
var (
	plainClock atomic.Pointer[clock]
	plainOnce  = sync.OnceValues(func() (*idptest.SAML, error) {
		return idptest.NewSAML(idptest.SAMLOptions{
			URL: "https://idp.example.com", People: []idptest.Person{alice},
			Now: func() time.Time { return plainClock.Load().now() },
		})
	})
)

func plainIDP(t testing.TB) *idptest.SAML {
	t.Helper()
	plainClock.Store(&clock{})
	provider, err := plainOnce()
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

func (w *world) open() {
	w.t.Helper()
	if problems := w.config.Check(); len(problems) > 0 {
		w.t.Fatalf("check: %v", problems)
	}
	p, err := w.config.Open(w.deps)
	if err != nil {
		w.t.Fatal(err)
	}
	w.p = p
}

func (w *world) file(name string, content []byte) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) login() idp.Login { return idp.NewLogin("corp", "/", w.clock.now()) }

// request is what the identity provider is asked for a login, as far as the answer shows it.
func request(login idp.Login) idptest.AuthnRequest {
	return idptest.AuthnRequest{ID: login.RequestID, Issuer: entityID, ACS: acs, RelayState: login.State}
}

// mint makes an answer with changes.
func (w *world) mint(login idp.Login, hooks idptest.Hooks) []byte {
	w.t.Helper()
	document, err := w.idp.Respond(alice, request(login), hooks)
	if err != nil {
		w.t.Fatal(err)
	}
	return document
}

func posted(document []byte, login idp.Login) idp.Answer {
	return idp.Answer{Method: http.MethodPost, Form: url.Values{
		"SAMLResponse": {base64.StdEncoding.EncodeToString(document)}, "RelayState": {login.State},
	}}
}

func (w *world) finish(document []byte, login idp.Login) (bridge.Identity, bridge.Proof, error) {
	return w.p.Finish(context.Background(), login, posted(document, login))
}

// accept signs in, and must succeed.
func (w *world) accept(document []byte, login idp.Login) (bridge.Identity, bridge.Proof) {
	w.t.Helper()
	id, proof, err := w.finish(document, login)
	if err != nil {
		w.t.Fatalf("refused: %v\n%s", err, document)
	}
	if id.Subject == "" || id.KeyFingerprint == "" || proof.Raw.IsZero() {
		w.t.Fatalf("an empty identity: %+v", id)
	}
	return id, proof
}

// refuse must fail with the code, in silence about everything else.
func (w *world) refuse(code bridge.Code, document []byte, login idp.Login) error {
	w.t.Helper()
	id, proof, err := w.finish(document, login)
	w.checkRefused(code, id, proof, err)
	return err
}

func (w *world) checkRefused(code bridge.Code, id bridge.Identity, proof bridge.Proof, err error) {
	w.t.Helper()
	if err == nil {
		w.t.Fatalf("accepted %+v, want %s", id, code)
	}
	if got := bridge.CodeOf(err); got != code {
		w.t.Errorf("code %s, want %s: %v", got, code, err)
	}
	if id.Subject != "" || id.Claims != nil || !proof.Raw.IsZero() {
		w.t.Errorf("refused, and still an identity: %+v", id)
	}
	_, notice, detail := bridge.Explain(err)
	if shown := notice.Message + notice.Remedy + detail; strings.Contains(shown, idptest.Canary) || strings.Contains(shown, idptest.Intruder) {
		w.t.Errorf("shown to people: %s", shown)
	}
	if strings.Contains(w.log.String(), "panic") {
		w.t.Errorf("a panic: %s", w.log)
	}
}

// Changes to documents.

func before(change func(*etree.Document)) idptest.Hooks { return idptest.Hooks{BeforeSigning: change} }
func after(change func(*etree.Document)) idptest.Hooks  { return idptest.Hooks{AfterSigning: change} }

func find(t testing.TB, doc *etree.Document, path string) *etree.Element {
	t.Helper()
	el := doc.FindElement(path)
	if el == nil {
		t.Fatalf("no %s in the document", path)
	}
	return el
}

// replaced changes text after everything was signed.
func replaced(t testing.TB, document []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(document, []byte(from)) {
		t.Fatalf("no %q in %s", from, document)
	}
	return bytes.ReplaceAll(document, []byte(from), []byte(to))
}

// fragment parses XML to be put into a document.
func fragment(t testing.TB, text string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

// What a provider depends on.

type clock struct {
	mu    sync.Mutex
	plus  time.Duration
	still time.Time // zero: it goes
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still.IsZero() {
		return c.still
	}
	return time.Now().Add(c.plus)
}

func (c *clock) stop() { c.still = c.now() }

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plus += d
}

type auditLog struct {
	mu     sync.Mutex
	events []bridge.AuditEvent
	fail   bool
}

func (a *auditLog) Record(_ context.Context, e bridge.AuditEvent) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail {
		return errors.New("disk full")
	}
	a.events = append(a.events, e)
	return nil
}

func (a *auditLog) details() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, e := range a.events {
		out = append(out, string(e.Kind)+" "+e.KeyFingerprint+" "+e.Detail)
	}
	return strings.Join(out, "\n")
}

type replayGuard struct {
	mu     sync.Mutex
	used   map[string]time.Time
	fail   error
	panics bool
}

func (g *replayGuard) UseOnce(_ context.Context, issuer, id string, until time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panics {
		panic("as a library might")
	}
	if g.fail != nil {
		return g.fail
	}
	key := issuer + " " + id
	if _, ok := g.used[key]; ok {
		return bridge.Fail(bridge.CodeAnswerRejected, errors.New("used before"))
	}
	g.used[key] = until
	return nil
}

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

func base64Of(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

func decode64(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }
