package saml_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// shown is all that a person, or an attacker, gets to see of an error.
func shown(err error) string {
	code, notice, detail := bridge.Explain(err)
	return strings.Join([]string{string(code), notice.Message, notice.Remedy, detail}, "|")
}

// TestAttackSharedText: failures of signature, certificate, decryption, issuer and replay look alike (threat W20); what
// people must be able to mend has its own text.
func TestAttackSharedText(t *testing.T) {
	w := newWorld(t, setup{encrypt: true, config: func(c *saml.Config) { c.IdPInitiated = true }})
	respond := func(lie idptest.Lie, hooks idptest.Hooks) []byte {
		t.Helper()
		w.idp.Lie()
		if lie != "" {
			w.idp.Lie(lie)
		}
		document, err := w.idp.Respond(alice, idptest.AuthnRequest{Issuer: entityID, ACS: acs}, hooks)
		if err != nil {
			t.Fatal(err)
		}
		return document
	}
	finish := func(document []byte) error {
		_, _, err := w.p.(idp.UnsolicitedFinisher).FinishUnsolicited(t.Context(), posted(document, idp.Login{}))
		return err
	}
	used := respond("", idptest.Hooks{})
	if err := finish(used); err != nil {
		t.Fatal(err)
	}
	sealed := sealedWorldOf(t, idptest.CipherGCM256, false)
	login := sealed.login()
	_, _, undecryptable := sealed.finish(sealed.mint(login, after(func(doc *etree.Document) {
		find(t, doc, "//EncryptedKey/CipherData/CipherValue").SetText(base64Of(make([]byte, 256)))
	})), login)

	shared := map[string]error{
		"replay": finish(used), "decryption": undecryptable,
		"signature":     finish(respond(idptest.BadSignature, idptest.Hooks{})),
		"no signature":  finish(respond(idptest.UnsignedAssertion, idptest.Hooks{})),
		"certificate":   finish(respond(idptest.StrangerKey, idptest.Hooks{})),
		"key info":      finish(respond(idptest.KeyInfoOfStranger, idptest.Hooks{})),
		"wrapping":      finish(respond(idptest.WrappedSignature3, idptest.Hooks{})),
		"HMAC":          finish(respond(idptest.HMACSignature, idptest.Hooks{})),
		"issuer":        finish(respond(idptest.WrongIssuer, idptest.Hooks{})),
		"outer issuer":  finish(replaced(t, respond("", idptest.Hooks{}), `<saml:Issuer>https://idp.`, `<saml:Issuer>https://odp.`)),
		"two of them":   finish(respond(idptest.TwoAssertions, idptest.Hooks{})),
		"changed after": finish(replaced(t, respond("", idptest.Hooks{}), "alice-0001", "alice-0002")),
	}
	want := shown(bridge.Fail(bridge.CodeAnswerRejected, nil))
	for name, err := range shared {
		if err == nil || shown(err) != want {
			t.Errorf("%s shows %q, the others %q", name, shown(err), want)
		}
	}
	seen := map[string]string{}
	for name, lie := range map[string]idptest.Lie{
		"audience": idptest.WrongAudience, "destination": idptest.WrongDestination, "clock": idptest.Expired,
		"weak": idptest.SHA1Signature, "status": idptest.FailureStatus, "name": idptest.TransientNameID, "nameless": idptest.NoNameID,
	} {
		text := shown(finish(respond(lie, idptest.Hooks{})))
		if other := seen[text]; other != "" || text == want {
			t.Errorf("%s shows the same as %s: %q", name, other, text)
		}
		seen[text] = name
	}
}

// TestAttackCiphertextOracle: under CBC anybody can change what they can't read. Where nothing but the assertion inside is
// signed, no answer tells whether the plaintext is still XML, not even the one about weak algorithms, which is at its place
// where the cipher or a signature around it vouches for the plaintext (threat S24).
func TestAttackCiphertextOracle(t *testing.T) {
	cbc := func(c *saml.Config) { c.Decryption.AllowCBC = true }
	for _, c := range []struct {
		cipher idptest.Cipher
		sign   idptest.Signs
		code   bridge.Code
	}{
		{idptest.CipherCBC128, idptest.SignAssertion, bridge.CodeAnswerRejected},
		{idptest.CipherCBC256, idptest.SignAssertion, bridge.CodeAnswerRejected},
		{idptest.CipherGCM128, idptest.SignAssertion, bridge.CodeStrength},
		{idptest.CipherCBC128, idptest.SignBoth, bridge.CodeStrength},
	} {
		w := sealedWorld(t, idptest.Encryption{Cipher: c.cipher}, c.sign, cbc)
		w.idp.Lie(idptest.SHA1Signature)
		login := w.login()
		err := w.refuse(c.code, w.mint(login, idptest.Hooks{}), login)
		if !strings.Contains(err.Error(), "sha1") {
			t.Errorf("%s, %s signed: the log doesn't say why: %v", c.cipher, c.sign, err)
		}
		w.idp.Lie()
		login = w.login()
		w.accept(w.mint(login, idptest.Hooks{}), login)
	}
}

// TestAttackEqualWork: a wrapped key that can't be opened, one of another length and a spoilt plaintext cost the same, as
// far as memory shows it: none ends the work before the others do (threat S24).
func TestAttackEqualWork(t *testing.T) {
	w := sealedWorldOf(t, idptest.CipherGCM256, false)
	login := w.login()
	spoil := func(path string, at int) []byte {
		return w.mint(login, after(func(doc *etree.Document) {
			value := find(t, doc, path+"/CipherData/CipherValue")
			raw := unbase64(t, value.Text())
			raw[(at+len(raw))%len(raw)] ^= 0x55
			value.SetText(base64Of(raw))
		}))
	}
	costs := map[string]uint64{
		"key": cost(w, spoil("//EncryptedKey", -1), login), "tag": cost(w, spoil("//EncryptedData", -1), login),
		"first block": cost(w, spoil("//EncryptedData", 12), login), "nonce": cost(w, spoil("//EncryptedData", 0), login),
	}
	for name, bytes := range costs {
		for other, others := range costs {
			if bytes > others+others/4 {
				t.Errorf("%s costs %d bytes, %s %d", name, bytes, other, others)
			}
		}
	}
}

// cost is what reading an answer allocates, on average, in bytes.
func cost(w *world, document []byte, login idp.Login) uint64 {
	const rounds = 5
	w.finish(document, login)
	answer := posted(document, login)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range rounds {
		w.p.Finish(w.t.Context(), login, answer)
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / rounds
}
