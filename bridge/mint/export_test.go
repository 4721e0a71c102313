package mint

import (
	"crypto/rsa"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// What the tests of minting look at from inside.
var (
	RawECDSA     = rawECDSA
	AppendString = appendString
	AppendText   = appendText
	AppendAttr   = appendAttr
	XMLText      = xmlText
	TagText      = tagText
)

// Seal encrypts an assertion.
func Seal(public *rsa.PublicKey, assertion []byte) ([]byte, error) { return seal(public, assertion) }

// Plain writes an assertion without its signature; the strings need not be what AWS takes.
func (m *Minter) Plain(req bridge.MintRequest, recipient, audience string, now time.Time) []byte {
	s := statement{
		MintRequest: req, responseID: "_r", id: "_a", entityID: m.config.EntityID, subject: m.subject(req.Identity),
		recipient: recipient, audience: audience, now: now.UTC().Truncate(time.Second), sessionEnd: now.UTC().Add(req.Duration),
	}
	out, _ := s.appendAssertion(nil)
	return out
}

// Claims writes the payload of an ID token; the strings need not be what AWS takes.
func (m *Minter) Claims(req bridge.MintRequest, id string, now time.Time) []byte {
	return m.claims(req, id, now)
}
