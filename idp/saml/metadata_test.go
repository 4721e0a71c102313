package saml_test

import (
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
