package saml_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

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
