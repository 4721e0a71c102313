package saml_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// realWorld is a provider of ours that trusts the metadata of a real one.
type realWorld struct {
	t      *testing.T
	w      *world
	real   realProvider
	values map[string]string
	method string // instead of the EncryptionMethod of the EncryptedKey
}

func openReal(t *testing.T, real realProvider, change func(*saml.Config)) *realWorld {
	t.Helper()
	w := &world{t: t, audit: &auditLog{}, replay: &replayGuard{used: map[string]time.Time{}}, log: &bytes.Buffer{}, clock: &clock{}}
	now := w.clock.now()
	cert, next := selfSigned(t, sharedKey(), now), selfSigned(t, newECKey(t), now)
	moment := func(d time.Duration) string { return now.Add(d).UTC().Format("2006-01-02T15:04:05.000Z") }
	r := &realWorld{t: t, w: w, real: real, values: map[string]string{
		"ACS": acs, "SP": entityID, "NameID": "",
		"Now": moment(0), "FiveMinutesAgo": moment(-5 * time.Minute), "AnHourAgo": moment(-time.Hour), "LastMonth": moment(-30 * 24 * time.Hour),
		"InFiveMinutes": moment(5 * time.Minute), "InAnHour": moment(time.Hour), "In65Minutes": moment(65 * time.Minute),
		"InTenHours": moment(10 * time.Hour), "NextYear": moment(365 * 24 * time.Hour),
		"Cert": base64Of(cert.Raw), "CertLines": broken(cert.Raw, "\n"), "CertReturns": broken(cert.Raw, "&#13;\n"),
		"NextCert": base64Of(next.Raw), "NextCertLines": broken(next.Raw, "\n"),
	}}
	key, certificate := keyFiles(t)
	w.config = saml.Config{Common: idp.Common{Name: "corp", Kind: idp.KindSAML}}
	w.config.Metadata = "file:" + w.file("idp.xml", []byte(render(t, real.name+".metadata.xml", r.values)))
	w.config.Signing = saml.KeyPair{Key: "file:" + bridge.SecretRef(key), Certificate: "file:" + bridge.SecretRef(certificate)}
	w.config.Decryption = saml.Decryption{Key: w.config.Signing.Key, Certificate: w.config.Signing.Certificate}
	real.config(&w.config)
	if real.decrypt != nil {
		real.decrypt(&w.config.Decryption)
	}
	if change != nil {
		change(&w.config)
	}
	w.deps = idp.Deps{
		BaseURL: baseURL, Replay: w.replay, Audit: w.audit, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: w.clock.now,
	}
	w.open()
	return r
}

// document is an answer to a login, signed where the template has a place for it, and encrypted on request.
func (r *realWorld) document(login idp.Login, how *sealing) []byte {
	r.t.Helper()
	r.values["Request"] = login.RequestID
	doc := parsed(r.t, render(r.t, r.real.name+".xml", r.values))
	root := doc.Root()
	assertion := child(r.t, root, "Assertion")
	if assertion.SelectElement("Signature") != nil {
		signSkeleton(r.t, assertion, sharedKey(), r.real.lines)
	}
	if how != nil {
		plain := exclusively(r.t, assertion, "xs xsd")
		r.values["Key"], r.values["Data"] = how.seal(r.t, &sharedKey().PublicKey, plain)
		place := etree.NewElement("PLACE")
		root.InsertChildAt(assertion.Index(), place)
		root.RemoveChild(assertion)
		sealed := render(r.t, r.real.name+".encrypted.xml", r.values)
		if r.method != "" {
			from := strings.Index(sealed, "<xenc:EncryptedKey>") + len("<xenc:EncryptedKey>")
			sealed = sealed[:from] + r.method + sealed[strings.Index(sealed[from:], "<xenc:CipherData>")+from:]
		}
		doc = parsed(r.t, strings.Replace(written(r.t, doc), "<PLACE/>", sealed, 1))
		root = doc.Root()
	}
	if root.SelectElement("Signature") != nil {
		signSkeleton(r.t, root, sharedKey(), r.real.lines)
	}
	return []byte(written(r.t, doc))
}

// written is a document as text, with references for carriage returns, which would be line ends without.
func written(t *testing.T, doc *etree.Document) string {
	t.Helper()
	out, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(out, "\r", "&#13;")
}

func (r *realWorld) check(id bridge.Identity) {
	r.t.Helper()
	real := r.real
	if id.Subject != real.subject || id.Format != real.format || id.Email != real.email {
		r.t.Errorf("subject %q of format %q, e-mail %q", id.Subject, id.Format, id.Email)
	}
	if !cmp.Equal(id.Groups, real.groups) || !cmp.Equal(id.Skipped, real.skipped) {
		r.t.Errorf("groups %q, skipped %q", id.Groups, id.Skipped)
	}
}
