package mint

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
)

// Claims that AWS reads (IAM User Guide, "Pass session tags in AWS STS"; STS API, AssumeRoleWithWebIdentity).
const (
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
	claimRoles          = "https://aws.amazon.com/roles"
)

// earlier is how long before its issue a proof says that it is good: our clock may be as much ahead of AWS's.
const earlier = time.Minute

// maxAudience is the longest client id that IAM registers (IAM API, CreateOpenIDConnectProvider, ClientIDList).
const maxAudience = 255

// token mints an ID token (OIDC Core §2) for one role, as a compact JWS (RFC 7515 §7.1).
func (m *Minter) token(ctx context.Context, req bridge.MintRequest, now time.Time) (bridge.Proof, error) {
	audience := req.Role.Audience
	if audience == "" || len(audience) > maxAudience || !utf8.ValidString(audience) {
		return bridge.Proof{}, unfit(req.Role, fmt.Sprintf("the audience needs 1 to %d characters", maxAudience))
	}
	key, err := m.config.Keys.Current(UseToken)
	if err != nil {
		return bridge.Proof{}, err
	}
	header, err := m.headerOf(key)
	if err != nil {
		return bridge.Proof{}, err
	}
	if err := notBehindKey(now, key); err != nil {
		return bridge.Proof{}, err
	}
	id := rand.Text() // 130 random bits
	payload := m.claims(req, id, now)
	size := len(header) + 1 + base64.RawURLEncoding.EncodedLen(len(payload))
	text := make([]byte, 0, size+1+base64.RawURLEncoding.EncodedLen(signatureSize(key)))
	text = append(append(text, header...), '.')
	text = base64.RawURLEncoding.AppendEncode(text, payload)
	digest := sha256.Sum256(text)
	signature, err := sign(ctx, key, digest[:])
	if err != nil {
		return bridge.Proof{}, err
	}
	if signature, err = joseSignature(key, signature); err != nil {
		return bridge.Proof{}, err
	}
	text = base64.RawURLEncoding.AppendEncode(append(text, '.'), signature)
	if len(text) > bridge.MaxWebIdentityToken {
		return bridge.Proof{}, tooLarge("characters of the ID token", len(text), bridge.MaxWebIdentityToken)
	}
	return bridge.Proof{
		Kind: bridge.ProofIDToken, Raw: bridge.NewSecret(string(text)), ID: id, RelayUntil: expires(now),
		Algorithm: key.Algorithm, Audiences: []string{audience},
	}, nil
}

// expires is exp. Times of a token are whole seconds, so that the last one isn't a whole one.
func expires(now time.Time) time.Time { return now.Truncate(time.Second).Add(bridge.MintedLife) }

// claims writes the payload. The names are constants and the values escaped, so no value is ever more than a value.
func (m *Minter) claims(req bridge.MintRequest, id string, now time.Time) []byte {
	role := req.Role.ARN
	size := 512 + len(m.config.Issuer)
	for _, t := range req.Tags {
		size += len(t.Key) + len(t.Value) + 8
	}
	out := make([]byte, 0, size)
	out = appendString(append(out, `{"iss":`...), m.config.Issuer)
	// Threat A20: the IAM role's name has no slash, so neither part can pass for the other. A trust policy says
	// StringLike NAME/*.
	out = appendString(append(out, `,"sub":`...), role.Name+"/"+m.subject(req.Identity))
	out = appendString(append(out, `,"aud":`...), req.Role.Audience)
	out = strconv.AppendInt(append(out, `,"iat":`...), now.Unix(), 10)
	out = strconv.AppendInt(append(out, `,"nbf":`...), now.Add(-earlier).Unix(), 10)
	out = strconv.AppendInt(append(out, `,"exp":`...), expires(now).Unix(), 10)
	out = appendString(append(out, `,"jti":`...), id)
	out = appendString(append(out, `,"`+claimRoles+`":[`...), role.String())
	out = append(out, ']')
	if req.SourceIdentity != "" {
		out = appendString(append(out, `,"`+claimSourceIdentity+`":`...), req.SourceIdentity)
	}
	if len(req.Tags) > 0 {
		out = appendTags(append(out, `,"`+claimTags+`":`...), req.Tags, req.Role.TransitiveTags)
	}
	return append(out, '}')
}

func appendTags(out []byte, tags []bridge.Tag, transitive []string) []byte {
	out = append(out, `{"principal_tags":{`...)
	for i, t := range tags {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, t.Key)
		out = appendString(append(out, ":["...), t.Value)
		out = append(out, ']')
	}
	out = append(out, '}')
	for i, key := range transitive {
		if i == 0 {
			out = append(out, `,"transitive_tag_keys":[`...)
		} else {
			out = append(out, ',')
		}
		out = appendString(out, key)
	}
	if len(transitive) > 0 {
		out = append(out, ']')
	}
	return append(out, '}')
}

// appendString writes a JSON string (RFC 8259 §7). A byte that isn't UTF-8 becomes U+FFFD, as encoding/json has it.
func appendString(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	from := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(append(out, s[from:i]...), '\\', c)
		case c < 0x20:
			out = append(append(out, s[from:i]...), '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			continue
		}
		from = i + 1
	}
	return append(append(out, s[from:]...), '"')
}
