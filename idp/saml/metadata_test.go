package saml_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// publisher is the network: it answers whatever it is told, and counts.
type publisher struct {
	document atomic.Pointer[[]byte]
	status   int
	asked    atomic.Int32
	gate     chan struct{} // nil: no waiting
}

func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked.Add(1)
	if p.gate != nil {
		<-p.gate
	}
	status := p.status
	if status == 0 {
		status = http.StatusOK
	}
	document := p.document.Load()
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(*document))), Request: r}, nil
}

func (p *publisher) publish(document []byte) { p.document.Store(&document) }

// remoteWorld has its metadata at a URL.
func remoteWorld(t *testing.T) (*world, *publisher) {
	t.Helper()
	p := &publisher{}
	w := newWorld(t, setup{transport: p})
	p.publish(w.idp.Metadata())
	w.config.Metadata = "https://idp.example.com/metadata"
	w.audit.events = nil
	w.open()
	return w, p
}

func edited(t *testing.T, document []byte, change func(*etree.Document)) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	change(doc)
	out, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// badMetadata are documents that must not be used: whoever serves them gains nothing (threats S21, S22).
func badMetadata(t *testing.T, good []byte, end time.Time) map[string][]byte {
	edit := func(change func(*etree.Document)) []byte { return edited(t, good, change) }
	set := func(path, name, value string) []byte {
		return edit(func(doc *etree.Document) { find(t, doc, path).CreateAttr(name, value) })
	}
	drop := func(path string) []byte {
		return edit(func(doc *etree.Document) { el := find(t, doc, path); el.Parent().RemoveChild(el) })
	}
	everySSO := func(location string) []byte {
		return edit(func(doc *etree.Document) {
			for _, sso := range doc.FindElements("//SingleSignOnService") {
				sso.CreateAttr("Location", location)
			}
		})
	}
	out := map[string][]byte{
		"nothing": {}, "a page": []byte("<html>Welcome</html>"), "text": []byte("hello"),
		"another entity id":     set("/EntityDescriptor", "entityID", "https://other.example.com/metadata"),
		"no entity id":          edit(func(doc *etree.Document) { doc.Root().RemoveAttr("entityID") }),
		"no certificate":        drop("//KeyDescriptor"),
		"encryption only":       set("//KeyDescriptor", "use", "encryption"),
		"a strange use":         set("//KeyDescriptor", "use", "Signing"),
		"a broken certificate":  edit(func(doc *etree.Document) { find(t, doc, "//X509Certificate").SetText("AAAA") }),
		"javascript":            everySSO("javascript:alert(1)"),
		"plain http":            everySSO("http://idp.example.com/sso"),
		"with a user":           everySSO("https://user@idp.example.com/sso"),
		"data":                  everySSO("data:text/html,x"),
		"no address":            everySSO(""),
		"no role":               drop("//IDPSSODescriptor"),
		"SAML 1.1 only":         set("//IDPSSODescriptor", "protocolSupportEnumeration", "urn:oasis:names:tc:SAML:1.1:protocol"),
		"two roles":             edit(func(doc *etree.Document) { el := find(t, doc, "//IDPSSODescriptor"); el.Parent().AddChild(el.Copy()) }),
		"no longer valid":       set("/EntityDescriptor", "validUntil", end.UTC().Format(time.RFC3339)),
		"role no longer valid":  set("//IDPSSODescriptor", "validUntil", end.UTC().Format(time.RFC3339)),
		"valid until never":     set("/EntityDescriptor", "validUntil", "never"),
		"a document type":       append([]byte("<!DOCTYPE x>"), edit(func(*etree.Document) {})...),
		"an entity":             append([]byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:1/">]>`), edit(func(*etree.Document) {})...),
		"another namespace":     set("/EntityDescriptor", "xmlns:md", "urn:x"),
		"wants signed requests": set("//IDPSSODescriptor", "WantAuthnRequestsSigned", "true"),
		"huge":                  append([]byte(strings.Repeat(" ", 10<<20)), good...),
		"deep":                  []byte(strings.Repeat("<a>", 100)),
		"50 certificates":       nil,
	}
	out["50 certificates"] = edit(func(doc *etree.Document) {
		key := find(t, doc, "//KeyDescriptor")
		for i := range 50 {
			another := key.Copy()
			another.FindElement(".//X509Certificate").SetText(base64Of(selfSigned(t, newECKey(t), time.Now().Add(time.Duration(i))).Raw))
			key.Parent().InsertChildAt(key.Index(), another)
		}
	})
	return out
}

// TestBadMetadata: at the start there is no provider; later the last good copy stays, and so does its key.
func TestBadMetadata(t *testing.T) {
	w, _ := remoteWorld(t)
	for name, document := range badMetadata(t, w.idp.Metadata(), time.Now().Add(-time.Minute)) {
		t.Run(name, func(t *testing.T) {
			w, p := remoteWorld(t)
			w.config.IdPEntityID = w.idp.EntityID()
			w.open()
			p.publish(document)
			code := bridge.CodeProviderConfig
			if name == "huge" {
				code = bridge.CodeProviderDown
			}
			if _, err := w.p.Begin(t.Context(), w.login()); bridge.CodeOf(err) != code {
				t.Errorf("begin without a good copy: %v", err)
			}
			login := w.login()
			w.refuse(code, w.mint(login, idptest.Hooks{}), login)
			if status := w.p.(idp.Refresher).Status(); status.Ready || status.Problem == "" {
				t.Errorf("status %+v", status)
			}
			if n := p.asked.Load(); n != 1 {
				t.Errorf("asked %d times within a second: a failure must stand for a while", n)
			}

			w, p = remoteWorld(t)
			login = w.login()
			w.accept(w.mint(login, idptest.Hooks{}), login)
			p.publish(document)
			w.clock.advance(2 * time.Hour)
			if err := w.p.(idp.Refresher).Refresh(t.Context()); err == nil {
				t.Error("refresh took it")
			}
			if status := w.p.(idp.Refresher).Status(); !status.Ready || status.Problem == "" {
				t.Errorf("status with a good copy %+v", status)
			}
			login = w.login()
			w.accept(w.mint(login, idptest.Hooks{}), login)
		})
	}
}

// TestGoodMetadata are differences that don't matter.
func TestGoodMetadata(t *testing.T) {
	for name, change := range map[string]func(*etree.Document){
		"use absent": func(doc *etree.Document) { find(t, doc, "//KeyDescriptor").RemoveAttr("use") },
		"comments": func(doc *etree.Document) {
			doc.Root().CreateComment("made by hand")
			doc.Root().InsertChildAt(0, etree.NewProcInst("x", "y"))
		},
		"signed by somebody": func(doc *etree.Document) {
			sig := etree.NewElement("ds:Signature")
			sig.CreateElement("ds:SignedInfo")
			doc.Root().InsertChildAt(0, sig)
		},
		"lowers a demand": func(doc *etree.Document) { doc.Root().CreateAttr("WantAssertionsSigned", "false") },
		"others around": func(doc *etree.Document) {
			entity := doc.Root()
			doc.SetRoot(fragment(t, `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:EntitiesDescriptor/></md:EntitiesDescriptor>`))
			sp := entity.Copy()
			sp.CreateAttr("entityID", "https://sp.example.com")
			sp.RemoveChild(sp.SelectElement("IDPSSODescriptor"))
			doc.Root().AddChild(sp)
			doc.Root().ChildElements()[0].AddChild(entity)
		},
		"an unreadable second certificate": func(doc *etree.Document) {
			key := find(t, doc, "//KeyDescriptor").Copy()
			key.FindElement(".//X509Certificate").SetText("AAAA")
			find(t, doc, "//IDPSSODescriptor").InsertChildAt(0, key)
		},
		"other bindings": func(doc *etree.Document) {
			sso := find(t, doc, "//SingleSignOnService").Copy()
			sso.CreateAttr("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:SOAP")
			find(t, doc, "//IDPSSODescriptor").AddChild(sso)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := remoteWorld(t)
			p.publish(edited(t, w.idp.Metadata(), change))
			login := w.login()
			w.accept(w.mint(login, idptest.Hooks{}), login)
			// And the demands are what they were.
			w.idp.Lie(idptest.UnsignedAssertion)
			w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login)
		})
	}
}

// TestSeveralProviders: which one is meant must be said.
func TestSeveralProviders(t *testing.T) {
	w, p := remoteWorld(t)
	p.publish(edited(t, w.idp.Metadata(), func(doc *etree.Document) {
		entity := doc.Root()
		doc.SetRoot(fragment(t, `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>`))
		other := entity.Copy()
		other.CreateAttr("entityID", "https://other.example.com")
		doc.Root().AddChild(other)
		doc.Root().AddChild(entity)
	}))
	_, err := w.p.Begin(t.Context(), w.login())
	if bridge.CodeOf(err) != bridge.CodeProviderConfig || !strings.Contains(err.Error(), "idp_entity_id") {
		t.Errorf("begin says %v", err)
	}
	w.config.IdPEntityID = w.idp.EntityID()
	w.open()
	login := w.login()
	w.accept(w.mint(login, idptest.Hooks{}), login)
}

// TestRollover: metadata names old and new at once, then only the new; each change is audited (threat S20).
func TestRollover(t *testing.T) {
	remote := &publisher{}
	w := newWorld(t, setup{transport: remote, idp: func(o *idptest.SAMLOptions) { o.SecondKey = true }})
	remote.publish(w.idp.Metadata())
	w.config.Metadata = "https://idp.example.com/metadata"
	w.open()
	signIn := func() string {
		t.Helper()
		login := w.login()
		id, _ := w.accept(w.mint(login, idptest.Hooks{}), login)
		return id.KeyFingerprint
	}
	first := signIn()
	if err := w.idp.RotateKey(); err != nil {
		t.Fatal(err)
	}
	second := signIn() // without asking again: it was there all along
	if first == second || !strings.Contains(w.audit.details(), second+" trusted at start") {
		t.Errorf("fingerprints %s and %s; audit %s", first, second, w.audit.details())
	}

	if err := w.idp.RotateKey(); err != nil {
		t.Fatal(err)
	}
	login := w.login()
	w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login) // a key that we know nothing of
	remote.publish(w.idp.Metadata())
	refresher := w.p.(idp.Refresher)
	if err := refresher.Refresh(t.Context()); err != nil || remote.asked.Load() != 1 {
		t.Errorf("refreshed before it was due: %v", err)
	}
	w.clock.advance(2 * time.Hour)

	// Without the audit log nobody new is trusted.
	w.audit.fail = true
	if err := refresher.Refresh(t.Context()); bridge.CodeOf(err) != bridge.CodeAuditDown {
		t.Errorf("refresh without audit: %v", err)
	}
	login = w.login()
	w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login)
	w.audit.fail = false
	w.clock.advance(time.Minute)
	if err := refresher.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	third := signIn()
	for _, line := range []string{third + " trusted: new in the metadata", first + " no longer trusted"} {
		if !strings.Contains(w.audit.details(), line) {
			t.Errorf("no line %q in the audit log: %s", line, w.audit.details())
		}
	}
	if !strings.Contains(w.log.String(), "level=WARN") || !strings.Contains(w.log.String(), "new in the metadata\" provider=corp fingerprint="+third) {
		t.Errorf("the log doesn't tell of %s: %s", third, w.log)
	}
}

// TestPins: certificates that the operator pinned switch off the trust in metadata (threat S20).
func TestPins(t *testing.T) {
	for _, byPrint := range []bool{false, true} {
		w, remote := remoteWorld(t)
		pin := "file:" + w.file("pin.pem", pemOf(w.idp.Certificate()))
		if byPrint {
			login := w.login()
			id, _ := w.accept(w.mint(login, idptest.Hooks{}), login)
			pin = "sha256:" + strings.ToUpper(id.KeyFingerprint[:2]) + ":" + id.KeyFingerprint[2:]
		}
		w.config.Certificates = []string{pin}
		w.open()
		login := w.login()
		w.accept(w.mint(login, idptest.Hooks{}), login)

		other := newIDP(t, idptest.SAMLOptions{
			URL: "https://idp.example.com", People: []idptest.Person{alice}, SPs: []idptest.SP{{EntityID: entityID, ACS: []string{acs}}},
		})
		remote.publish(other.Metadata())
		w.clock.advance(2 * time.Hour)
		w.p.(idp.Refresher).Refresh(context.Background()) // fails where nothing pinned is left
		w.idp = other
		login = w.login()
		w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login)
	}
}

// TestExpiry: a certificate's end is told weeks before, and is an end.
func TestExpiry(t *testing.T) {
	w := newWorld(t, setup{idp: func(o *idptest.SAMLOptions) { o.MetadataLifetime = -1 }})
	refresher := w.p.(idp.Refresher)
	end := w.idp.Certificate().NotAfter
	if status := refresher.Status(); !status.Ready || status.Problem != "" {
		t.Errorf("status %+v", status)
	}
	w.clock.advance(time.Until(end) - 14*24*time.Hour)
	if status := refresher.Status(); !status.Ready || !strings.Contains(status.Problem, "ends at") {
		t.Errorf("two weeks before the end: %+v", status)
	}
	for range 3 { // days, and several times a day
		for range 10 {
			if err := refresher.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		}
		w.clock.advance(24 * time.Hour)
	}
	if n := strings.Count(w.log.String(), "ends soon"); n != 3 {
		t.Errorf("the log tells %d times in three days: %s", n, w.log)
	}
	login := w.login()
	w.accept(w.mint(login, idptest.Hooks{}), login)
	w.clock.advance(12 * 24 * time.Hour)
	if status := refresher.Status(); status.Ready || !strings.Contains(status.Problem, "expired") {
		t.Errorf("after the end: %+v", status)
	}
	login = w.login()
	if _, err := w.p.Begin(t.Context(), login); bridge.CodeOf(err) != bridge.CodeProviderConfig {
		t.Errorf("begin after the end: %v", err)
	}
	w.refuse(bridge.CodeAnswerRejected, w.mint(login, idptest.Hooks{}), login)
}

// TestValidUntil: metadata past its end serves nobody; a new copy does.
func TestValidUntil(t *testing.T) {
	w, remote := remoteWorld(t)
	if _, err := w.p.Begin(t.Context(), w.login()); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(8 * 24 * time.Hour)
	login := w.login()
	w.refuse(bridge.CodeProviderConfig, w.mint(login, idptest.Hooks{}), login)
	if status := w.p.(idp.Refresher).Status(); status.Ready {
		t.Errorf("status %+v", status)
	}
	remote.publish(w.idp.Metadata())
	w.clock.advance(time.Minute)
	login = w.login()
	w.accept(w.mint(login, idptest.Hooks{}), login)
}

// TestFileNeverChanges: a file is read once.
func TestFileNeverChanges(t *testing.T) {
	w := newWorld(t, setup{})
	w.clock.advance(3 * time.Hour)
	if err := w.p.(idp.Refresher).Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	w.clock.advance(8 * 24 * time.Hour) // past its validUntil
	login := w.login()
	w.refuse(bridge.CodeProviderConfig, w.mint(login, idptest.Hooks{}), login)
}

// TestSingleFlight: many people at once ask the provider once.
func TestSingleFlight(t *testing.T) {
	w, remote := remoteWorld(t)
	remote.gate = make(chan struct{})
	results := make(chan error)
	for range 50 {
		go func() { _, err := w.p.Begin(context.Background(), w.login()); results <- err }()
	}
	for remote.asked.Load() == 0 {
		select {
		case err := <-results:
			t.Fatalf("an answer before there was one: %v", err)
		default:
		}
	}
	close(remote.gate)
	for range 50 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := remote.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestCacheDuration: the provider's wish, within reason.
func TestCacheDuration(t *testing.T) {
	for wish, due := range map[string]time.Duration{"PT1S": 5 * time.Minute, "PT30M": 30 * time.Minute, "P30D": 24 * time.Hour, "": time.Hour} {
		w, remote := remoteWorld(t)
		remote.publish(edited(t, w.idp.Metadata(), func(doc *etree.Document) {
			if wish != "" {
				doc.Root().CreateAttr("cacheDuration", wish)
			}
		}))
		refresher := w.p.(idp.Refresher)
		for i, step := range []time.Duration{0, due - time.Second, 2 * time.Second} {
			w.clock.advance(step)
			if err := refresher.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := int32([]int{1, 1, 2}[i]); remote.asked.Load() != want {
				t.Errorf("%q: asked %d times after %d steps, want %d", wish, remote.asked.Load(), i, want)
			}
		}
	}
}

// TestRedirectsAndStatuses: only 200 is metadata.
func TestStatuses(t *testing.T) {
	for _, status := range []int{201, 204, 301, 302, 307, 401, 404, 500, 503} {
		w, remote := remoteWorld(t)
		remote.status = status
		if _, err := w.p.Begin(t.Context(), w.login()); bridge.CodeOf(err) != bridge.CodeProviderDown {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

// TestOpenRefuses: what can be known at the start is a fault at the start (threat S21, rule R10).
func TestOpenRefuses(t *testing.T) {
	w := newWorld(t, setup{})
	good := w.config
	_, otherCert := keyFiles(t)
	for name, change := range map[string]func(){
		"no such file": func() { w.config.Metadata = "file:/nowhere/idp.xml" },
		"no certificate": func() {
			w.config.Metadata = "file:" + w.file("x.xml", edited(t, w.idp.Metadata(), func(doc *etree.Document) {
				doc.FindElement("//IDPSSODescriptor").RemoveChild(doc.FindElement("//KeyDescriptor"))
			}))
		},
		"no entity id": func() {
			w.config.Metadata = "file:" + w.file("x.xml", edited(t, w.idp.Metadata(), func(doc *etree.Document) { doc.Root().RemoveAttr("entityID") }))
		},
		"a long entity id": func() {
			w.config.Metadata = "file:" + w.file("x.xml", edited(t, w.idp.Metadata(), func(doc *etree.Document) {
				doc.Root().CreateAttr("entityID", "urn:"+strings.Repeat("x", 1021))
			}))
		},
		"empty metadata":   func() { w.config.Metadata = "file:" + w.file("x.xml", nil) },
		"another provider": func() { w.config.IdPEntityID = "https://other.example.com" },
		"no such pin":      func() { w.config.Certificates = []string{"file:/nowhere/pin.pem"} },
		"a pin of nothing": func() { w.config.Certificates = []string{"file:" + w.file("pin.pem", []byte("hello"))} },
		"a pin of nobody":  func() { w.config.Certificates = []string{"sha256:" + strings.Repeat("ab", 32)} },
		"no such key": func() {
			w.config.Signing.Key, w.config.Signing.Certificate = "env:NO_SUCH_VARIABLE", "file:"+bridge.SecretRef(otherCert)
		},
		"a key that is none": func() {
			w.config.Decryption.Key, w.config.Decryption.Certificate = "file:"+bridge.SecretRef(otherCert), "file:"+bridge.SecretRef(otherCert)
		},
		"no binding for post": func() {
			w.config.Binding = "post"
			w.config.Metadata = "file:" + w.file("x.xml", edited(t, w.idp.Metadata(), dropPOST))
		},
	} {
		w.config = good
		change()
		if _, err := w.config.Open(w.deps); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	w.config = good
	for name, deps := range map[string]idp.Deps{"no replay guard": {BaseURL: baseURL}, "no URL": {Replay: w.replay}} {
		if _, err := w.config.Open(deps); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func dropPOST(doc *etree.Document) {
	for _, sso := range doc.FindElements("//SingleSignOnService") {
		if strings.HasSuffix(sso.SelectAttrValue("Binding", ""), "POST") {
			sso.Parent().RemoveChild(sso)
		}
	}
}
