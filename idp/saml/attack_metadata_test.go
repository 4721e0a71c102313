package saml_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

const mdNS = `xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`

// keyDescriptor is a stranger's key as metadata would show it.
func keyDescriptor(cert []byte, use string) string {
	return `<md:KeyDescriptor ` + mdNS + use + `><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64Of(cert) +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

// TestAttackMetadataKeys hides a stranger's key in metadata, where a reader that looks for certificates anywhere would find
// it. The provider's own key goes on to work (threats S3, S19, S22).
func TestAttackMetadataKeys(t *testing.T) {
	stranger := plainIDP(t).Stranger()
	key := keyDescriptor(stranger.Certificate.Raw, ` use="signing"`)
	into := func(path, xml string) func(*etree.Document) {
		return func(doc *etree.Document) { el := find(t, doc, path); el.InsertChildAt(0, fragment(t, xml)) }
	}
	foreign := strings.NewReplacer("xmlns:md", "xmlns:y", "md:", "y:", "urn:oasis:names:tc:SAML:2.0:metadata", "urn:x").Replace(key)
	for name, change := range map[string]func(*etree.Document){
		"for encryption":     into("//IDPSSODescriptor", keyDescriptor(stranger.Certificate.Raw, ` use="encryption"`)),
		"use in capitals":    into("//IDPSSODescriptor", keyDescriptor(stranger.Certificate.Raw, ` use="SIGNING"`)),
		"use padded":         into("//IDPSSODescriptor", keyDescriptor(stranger.Certificate.Raw, ` use=" signing"`)),
		"in Extensions":      into("//IDPSSODescriptor", `<md:Extensions `+mdNS+`>`+key+`</md:Extensions>`),
		"in the entity":      into("/EntityDescriptor", key),
		"of an SP":           into("/EntityDescriptor", `<md:SPSSODescriptor `+mdNS+` protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+key+`</md:SPSSODescriptor>`),
		"of an authority":    into("/EntityDescriptor", `<md:AttributeAuthorityDescriptor `+mdNS+` protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+key+`</md:AttributeAuthorityDescriptor>`),
		"of SAML 1.1":        into("/EntityDescriptor", `<md:IDPSSODescriptor `+mdNS+` protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol">`+key+`</md:IDPSSODescriptor>`),
		"foreign descriptor": into("//IDPSSODescriptor", foreign),
		"foreign role":       into("/EntityDescriptor", `<y:IDPSSODescriptor xmlns:y="urn:x" protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol">`+key+`</y:IDPSSODescriptor>`),
		"foreign key info":   into("//KeyDescriptor", `<y:KeyInfo xmlns:y="urn:x" `+mdNS+`><ds:X509Data><ds:X509Certificate>`+base64Of(stranger.Certificate.Raw)+`</ds:X509Certificate></ds:X509Data></y:KeyInfo>`),
		"in a comment": func(doc *etree.Document) {
			find(t, doc, "//IDPSSODescriptor").CreateComment(strings.ReplaceAll(key, "--", ""))
		},
		"in an instruction": func(doc *etree.Document) { find(t, doc, "//IDPSSODescriptor").CreateProcInst("x", "y") },
		"in its own signature": into("/EntityDescriptor", `<ds:Signature `+mdNS+`><ds:KeyInfo><ds:X509Data><ds:X509Certificate>`+
			base64Of(stranger.Certificate.Raw)+`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`),
		"behind the first certificate": func(doc *etree.Document) { // a chain: only the first is the key
			data := find(t, doc, "//X509Data")
			more := data.SelectElement("X509Certificate").Copy()
			more.SetText(base64Of(stranger.Certificate.Raw))
			data.AddChild(more)
		},
		"the logout address": into("//IDPSSODescriptor", `<md:SingleLogoutService `+mdNS+` Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://evil.example/"/>`),
		"another entity": func(doc *etree.Document) {
			entity := doc.Root()
			doc.SetRoot(fragment(t, `<md:EntitiesDescriptor `+mdNS+`/>`))
			other := entity.Copy()
			other.CreateAttr("entityID", "https://evil.example")
			for _, cert := range other.FindElements(".//X509Certificate") {
				cert.SetText(base64Of(stranger.Certificate.Raw))
			}
			doc.Root().AddChild(other)
			doc.Root().AddChild(entity)
		},
		"another entity inside": func(doc *etree.Document) {
			other := doc.Root().Copy()
			for _, cert := range other.FindElements(".//X509Certificate") {
				cert.SetText(base64Of(stranger.Certificate.Raw))
			}
			doc.Root().CreateElement("md:Extensions").AddChild(other)
		},
		"another name under a prefix": func(doc *etree.Document) {
			doc.Root().CreateAttr("xmlns:y", "urn:x")
			doc.Root().CreateAttr("y:entityID", "https://evil.example")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := remoteWorld(t)
			w.config.IdPEntityID = w.idp.EntityID()
			w.open()
			p.publish(edited(t, w.idp.Metadata(), change))
			login := w.login()
			w.accept(w.mint(login, idptest.Hooks{}), login)
			login = w.login()
			w.refuse(bridge.CodeAnswerRejected, resign(t, w, w.mint(login, idptest.Hooks{}), resigning{key: stranger.Key}), login)
			if challenge, err := w.p.Begin(t.Context(), w.login()); err != nil || strings.Contains(challenge.URL, "evil") {
				t.Errorf("begin: %v %s", err, challenge.URL)
			}
		})
	}
}

// TestAttackMetadataEnds: the earliest end around the provider counts, wherever it stands (SAML Metadata §2.3.1).
func TestAttackMetadataEnds(t *testing.T) {
	soon, late := time.Now().Add(time.Hour), time.Now().Add(1000*time.Hour)
	for name, ends := range map[string][3]time.Time{
		"around": {soon, late, late}, "entity": {late, soon, late}, "role": {late, late, soon}, "role alone": {{}, {}, soon}, "around alone": {soon, {}, {}},
	} {
		w, p := remoteWorld(t)
		p.publish(edited(t, w.idp.Metadata(), func(doc *etree.Document) {
			entity := doc.Root()
			doc.SetRoot(fragment(t, `<md:EntitiesDescriptor `+mdNS+`/>`))
			doc.Root().AddChild(entity)
			for i, el := range []*etree.Element{doc.Root(), entity, entity.SelectElement("IDPSSODescriptor")} {
				el.RemoveAttr("validUntil")
				if !ends[i].IsZero() {
					el.CreateAttr("validUntil", ends[i].UTC().Format(time.RFC3339))
				}
			}
		}))
		login := w.login()
		w.accept(w.mint(login, idptest.Hooks{}), login)
		p.status = http.StatusServiceUnavailable
		w.clock.advance(2 * time.Hour)
		if _, err := w.p.Begin(t.Context(), w.login()); bridge.CodeOf(err) != bridge.CodeProviderDown {
			t.Errorf("%s: begin after the end says %v", name, err)
		}
		login = w.login()
		w.refuse(bridge.CodeProviderDown, w.mint(login, idptest.Hooks{}), login)
	}
}

// TestAttackMetadataServer: what a server may do with us instead of sending metadata. The last good copy serves meanwhile.
func TestAttackMetadataServer(t *testing.T) {
	var mode atomic.Pointer[http.HandlerFunc]
	behave := func(how http.HandlerFunc) { mode.Store(&how) }
	var elsewhere atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/metadata", func(w http.ResponseWriter, r *http.Request) { (*mode.Load())(w, r) })
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	server := httptest.NewServer(mux)
	defer server.Close()
	w := newWorld(t, setup{})
	good := w.idp.Metadata()
	serve := func(w http.ResponseWriter, _ *http.Request) { w.Write(good) }
	w.config.Metadata, w.config.IdPEntityID = server.URL+"/metadata", w.idp.EntityID()
	refresher := func() idp.Refresher { return w.p.(idp.Refresher) }
	bomb := func() []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		io.Copy(z, io.LimitReader(zeros{}, 12<<20))
		z.Close()
		return out.Bytes()
	}()
	for name, attack := range map[string]func(http.ResponseWriter, *http.Request){
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"a gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		},
		"a huge document": func(w http.ResponseWriter, r *http.Request) { io.Copy(w, io.LimitReader(zeros{}, 12<<20)) },
		"huge headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			w.Write(good)
		},
		"a cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			w.Write(good)
		},
		"nothing":   func(http.ResponseWriter, *http.Request) {},
		"a hang-up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			behave(attack)
			w.open()
			if err := refresher().Refresh(t.Context()); err == nil {
				t.Error("taken for metadata")
			}
			behave(serve)
			w.open()
			if err := refresher().Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			behave(attack)
			w.clock.advance(2 * time.Hour)
			if err := refresher().Refresh(t.Context()); err == nil {
				t.Error("taken for metadata")
			}
			login := w.login()
			w.accept(w.mint(login, idptest.Hooks{}), login)
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
