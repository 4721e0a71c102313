package ststest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// tokenAlgorithms are all that STS takes: no PS*, no EdDSA, no HMAC, no none (aws-facts 3.4).
var tokenAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// leeway is how long a token is taken after its exp, and how far its other times may be ahead.
const leeway = 5 * time.Minute

var compactJWS = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

// webToken is an ID token while it is judged.
type webToken struct {
	jws      *jose.JSONWebSignature
	kid      string
	claims   map[string]any
	issuer   string
	subject  string
	audience string   // the effective one: azp where there is one
	original []string // aud as it stands
	azp      string
}

func errNotJWT() *apiError {
	return errIdentityToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
}

// parseToken reads a token's claims, before they are believed.
func parseToken(raw string) (*webToken, error) {
	if !compactJWS.MatchString(raw) {
		return nil, errNotJWT()
	}
	jws, err := jose.ParseSignedCompact(raw, tokenAlgorithms)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errNotJWT()
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		return nil, errNotJWT()
	}
	claims, err := strictObject(payload)
	if err != nil {
		return nil, errNotJWT()
	}
	t := &webToken{jws: jws, kid: jws.Signatures[0].Protected.KeyID, claims: claims}
	for name, to := range map[string]*string{"iss": &t.issuer, "sub": &t.subject} {
		if *to, err = t.requiredText(name); err != nil {
			return nil, err
		}
	}
	return t, t.readAudience()
}

func (t *webToken) requiredText(name string) (string, error) {
	v, ok := t.claims[name]
	if !ok {
		return "", errIdentityToken("Missing a required claim: " + name)
	}
	s, ok := v.(string)
	if !ok || s == "" {
		return "", errNotJWT()
	}
	return s, nil
}

// readAudience: azp is the audience where there is one; several aud without azp are refused (aws-facts 3.4).
func (t *webToken) readAudience() error {
	if _, ok := t.claims["aud"]; !ok {
		return errIdentityToken("Missing a required claim: aud")
	}
	list, ok := texts(t.claims["aud"])
	if !ok || len(list) == 0 {
		return errNotJWT()
	}
	t.original = list
	if azp, has := t.claims["azp"]; has {
		if t.azp, ok = azp.(string); !ok || t.azp == "" {
			return errNotJWT()
		}
		t.audience = t.azp
		return nil
	}
	if len(list) > 1 {
		return errIdentityToken("Incorrect token audience")
	}
	t.audience = list[0]
	return nil
}

// verify checks the signature with the issuer's key.
func (t *webToken) verify(key jose.JSONWebKey) error {
	if key.Algorithm != "" && key.Algorithm != t.jws.Signatures[0].Protected.Algorithm {
		return errNoKey()
	}
	if _, err := t.jws.Verify(key.Key); err != nil {
		return errIdentityToken("The ID Token's signature is invalid")
	}
	return nil
}

// checkTimes: exp and iat must be there, and whole numbers (aws-facts 3.4).
func (t *webToken) checkTimes(now time.Time) error {
	expires, _, err := t.instant("exp", true)
	if err != nil {
		return err
	}
	issued, _, err := t.instant("iat", true)
	if err != nil {
		return err
	}
	notBefore, _, err := t.instant("nbf", false)
	if err != nil {
		return err
	}
	if n := now.Unix(); n >= expires+int64(leeway.Seconds()) {
		return errExpiredProof(fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", n, expires))
	}
	if ahead := now.Add(leeway).Unix(); issued > ahead || notBefore > ahead {
		return errIdentityToken("The ID Token is not yet valid")
	}
	return nil
}

func (t *webToken) instant(name string, required bool) (int64, bool, error) {
	v, ok := t.claims[name]
	if !ok {
		if required {
			return 0, false, errIdentityToken("Missing a required claim: " + name)
		}
		return 0, false, nil
	}
	number, _ := v.(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0, false, errIdentityToken("The claim " + name + " is no integer")
	}
	return n, true, nil
}

const claimPrefix = "https://aws.amazon.com/"

// tags reads session tags in both spellings, nested and flattened (aws-facts 3.5).
func (t *webToken) tags() (tagSet, error) {
	bad := errIdentityToken("The tags claim is not in a supported format")
	var out tagSet
	var keys []string
	if v, ok := t.claims[claimPrefix+"tags"]; ok {
		nested, ok := v.(map[string]any)
		if !ok {
			return nil, bad
		}
		principal, ok := nested["principal_tags"].(map[string]any)
		if _, has := nested["principal_tags"]; has && !ok {
			return nil, bad
		}
		for key, value := range principal {
			list, isList := value.([]any)
			if !isList || !out.add(key, list) {
				return nil, bad
			}
		}
		if !addKeys(&keys, nested["transitive_tag_keys"]) {
			return nil, bad
		}
	}
	for name, value := range t.claims {
		if key, ok := strings.CutPrefix(name, claimPrefix+"tags/principal_tags/"); ok && !out.add(key, value) {
			return nil, bad
		}
	}
	if !addKeys(&keys, t.claims[claimPrefix+"tags/transitive_tag_keys"]) {
		return nil, bad
	}
	sortTags(out)
	if problem := out.problem(); problem != "" {
		return nil, errIdentityToken(problem)
	}
	if problem := out.mark(keys); problem != "" {
		return nil, errIdentityToken(problem)
	}
	return out, nil
}

// add appends a tag with its one value.
func (t *tagSet) add(key string, value any) bool {
	list, ok := texts(value)
	if !ok || len(list) != 1 {
		return false
	}
	var v tag
	v.Key, v.Value = key, list[0]
	*t = append(*t, v)
	return true
}

func addKeys(to *[]string, v any) bool {
	if v == nil {
		return true
	}
	if _, one := v.(string); one {
		return false // an array, also for one
	}
	list, ok := texts(v)
	*to = append(*to, list...)
	return ok
}
