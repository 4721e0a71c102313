package mint_test

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// hostileTexts are what people and attackers are called.
var hostileTexts = []string{
	"", "ada", "a:b", "*", `"`, `\`, `\"`, "'", "<", ">", "&", "&amp;", "]]>", "<!--", "<?x?>", "a\r\nb", "a\tb", " a ", "\x00", "\x1f", "\x7f",
	"\u0085", "\u00a0", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ufffd", "\xff", "\xc3", "Größe", "\U0001f600", "\u202e", "${jndi}", `","aud":"x`,
	strings.Repeat("x", 64), strings.Repeat("ß", 256), "aws:x",
}

var (
	tagPattern  = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)
	subPattern  = regexp.MustCompile(`^Dev/[a-z2-7]{52}$`)
)

// FuzzMintToken: whatever goes in, a token is refused, or says exactly what went in.
func FuzzMintToken(f *testing.F) {
	for i, s := range hostileTexts {
		f.Add(s, hostileTexts[(i+7)%len(hostileTexts)], "Team", "ada@example.com", "fedbridge:1")
		f.Add("ada", "Dev", s, s, s)
	}
	m := newMinter(f)
	f.Fuzz(func(t *testing.T, subject, value, key, source, audience string) {
		req := forRole(bridge.ProofIDToken, func(r *bridge.MintRequest) {
			r.Identity.Subject, r.SourceIdentity, r.Role.Audience = subject, source, audience
			r.Tags, r.Role.TransitiveTags = []bridge.Tag{{Key: key, Value: value}}, []string{key}
		})
		// The payload by itself, for strings that AWS wouldn't take: as encoding/json writes and reads it.
		now := time.Now()
		raw, expected := m.Claims(req, "id", now), expectedClaims(req, now)
		same(t, raw, expected)

		proof, err := m.Mint(t.Context(), req)
		fits := subject != "" && audience != "" && len(audience) <= 255 && utf8.ValidString(audience) &&
			namePattern.MatchString(source) && !strings.EqualFold(source[:min(4, len(source))], "aws:") && fitsTag(key, value)
		if fits != (err == nil) {
			t.Fatalf("fits: %v; %v", fits, err)
		}
		if err != nil {
			return
		}
		part := strings.Split(proof.Raw.Reveal(), ".")
		if raw, err = base64.RawURLEncoding.Strict().DecodeString(part[1]); err != nil || len(part) != 3 {
			t.Fatalf("%d parts, %v", len(part), err)
		}
		expected["jti"], expected["iat"], expected["nbf"], expected["exp"] = proof.ID, proof.RelayUntil.Unix()-300, proof.RelayUntil.Unix()-360, proof.RelayUntil.Unix()
		same(t, raw, expected)
	})
}

func fitsTag(key, value string) bool {
	fits := func(s string, most int) bool { return tagPattern.MatchString(s) && utf8.RuneCountInString(s) <= most }
	return key != "" && fits(key, 128) && fits(value, 256) && !strings.EqualFold(key[:min(4, len(key))], "aws:")
}

// expectedClaims is the payload as encoding/json sees it. sub is compared by its form elsewhere.
func expectedClaims(req bridge.MintRequest, now time.Time) map[string]any {
	claims := map[string]any{
		"iss": issuerURL, "aud": req.Role.Audience, "jti": "id",
		"iat": now.Unix(), "nbf": now.Unix() - 60, "exp": now.Unix() + 300,
		"https://aws.amazon.com/roles": []string{req.Role.ARN.String()},
		"https://aws.amazon.com/tags": map[string]any{
			"principal_tags": map[string][]string{req.Tags[0].Key: {req.Tags[0].Value}}, "transitive_tag_keys": req.Role.TransitiveTags,
		},
	}
	if req.SourceIdentity != "" {
		claims["https://aws.amazon.com/source_identity"] = req.SourceIdentity
	}
	return claims
}

// same compares a payload with what encoding/json makes of the claims, both ways round.
func same(t *testing.T, raw []byte, want map[string]any) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil || !utf8.Valid(raw) {
		t.Fatalf("%q: %v", raw, err)
	}
	if sub, _ := got["sub"].(string); !subPattern.MatchString(sub) {
		t.Fatalf("sub %q", got["sub"])
	}
	delete(got, "sub")
	a, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var b any
	if err := json.Unmarshal(plain, &b); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(b); string(a) != string(again) {
		t.Fatalf("got  %s\nwant %s", a, again)
	}
}

// FuzzMintSAML: the assertion that is written is the one that exclusive canonicalisation makes of it, and an XML reader
// reads out of it what went in. Strings that XML can't hold never come so far.
func FuzzMintSAML(f *testing.F) {
	for i, s := range hostileTexts {
		f.Add(s, hostileTexts[(i+7)%len(hostileTexts)], "Team", "ada@example.com", "https://signin")
		f.Add("ada", "Dev", s, s, s)
	}
	m := newMinter(f)
	f.Fuzz(func(t *testing.T, name, value, key, audience, recipient string) {
		for _, s := range []string{"x" + name, "x" + value, "x" + key, audience, recipient} {
			if !mint.XMLText(s) {
				return
			}
		}
		req := forRole(bridge.ProofSAML, func(r *bridge.MintRequest) {
			r.SessionName, r.SourceIdentity = name, name
			r.Tags, r.Role.TransitiveTags = []bridge.Tag{{Key: key, Value: value}, {Key: "Other"}}, []string{key, value}
		})
		written := m.Plain(req, recipient, audience, time.Now())
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(written); err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(doc.Root())
		if err != nil {
			t.Fatal(err)
		}
		if string(canonical) != string(written) {
			t.Fatalf("written   %q\ncanonical %q", written, canonical)
		}
		got := attributesOf(doc.Root())
		const prefix = "https://aws.amazon.com/SAML/Attributes/"
		for attr, want := range map[string][]string{
			"RoleSessionName": {name}, "PrincipalTag:" + key: {value}, "TransitiveTagKeys": {key, value},
		} {
			if attr == "PrincipalTag:Other" {
				continue
			}
			if strings.Join(got[prefix+attr], "\x00") != strings.Join(want, "\x00") {
				t.Fatalf("%s is %q, want %q", attr, got[prefix+attr], want)
			}
		}
		if got := doc.FindElement("//Audience").Text(); got != audience {
			t.Fatalf("audience is %q, want %q", got, audience)
		}
		if got := doc.FindElement("//SubjectConfirmationData").SelectAttrValue("Recipient", ""); got != recipient {
			t.Fatalf("recipient is %q, want %q", got, recipient)
		}
	})
}

// FuzzMintSignature: an ECDSA signature is turned round exactly when encoding/asn1 reads it, and to the same numbers.
func FuzzMintSignature(f *testing.F) {
	for _, seed := range [][]byte{{0x30, 6, 2, 1, 1, 2, 1, 1}, {0x30, 7, 2, 2, 0, 0x80, 2, 1, 1}, {0x30, 6, 2, 1, 0, 2, 1, 1}, {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1}} {
		f.Add(seed)
	}
	signature, err := esKey().Sign(f.Context(), make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signature)
	f.Fuzz(func(t *testing.T, der []byte) {
		var want struct{ R, S *big.Int }
		rest, err := asn1.Unmarshal(der, &want)
		fits := err == nil && len(rest) == 0 && want.R.Sign() > 0 && want.S.Sign() > 0 && want.R.BitLen() <= 256 && want.S.BitLen() <= 256
		if again, _ := asn1.Marshal(want); fits && string(again) != string(der) {
			fits = false // encoding/asn1 drops what stands behind S
		}
		raw, err := mint.RawECDSA(der)
		if fits != (err == nil) {
			t.Fatalf("%x: fits %v, %v", der, fits, err)
		}
		if fits && (want.R.Cmp(new(big.Int).SetBytes(raw[:32])) != 0 || want.S.Cmp(new(big.Int).SetBytes(raw[32:])) != 0) {
			t.Fatalf("%x: %x", der, raw)
		}
	})
}

// TestTagAlphabet: the quick check of a tag's text and the pattern of STS's model agree, for every character there is.
func TestTagAlphabet(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if s := string(r); mint.TagText(s, 1) != tagPattern.MatchString(s) && r != utf8.RuneError {
			t.Errorf("%U: %v, the pattern says %v", r, mint.TagText(s, 1), tagPattern.MatchString(s))
		}
	}
	for _, s := range []string{"a\xff", "\xc3", "\xed\xa0\x80"} {
		if mint.TagText(s, 9) {
			t.Errorf("%q is taken", s)
		}
	}
	if long := strings.Repeat("ß", 256); !mint.TagText(long, 256) || mint.TagText(long+"a", 256) {
		t.Error("characters are not counted as such")
	}
}
