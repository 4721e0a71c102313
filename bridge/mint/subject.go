package mint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"hash"
	"sync"

	"github.com/fedbridge/fedbridge/bridge"
)

// lowerBase32 has no character that means something in a trust policy, and none that differs from another by case alone.
var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// subject stands for a person: 52 characters of a keyed hash over provider, issuer, format and subject. It is whole, so
// that two people never share one; keyed, so that nobody can guess whose it is; and the same at every sign-in.
func (m *Minter) subject(id bridge.Identity) string {
	mac := m.macs.Get().(hash.Hash)
	defer m.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(id.PersonKey()))
	return lowerBase32.EncodeToString(mac.Sum(make([]byte, 0, sha256.Size)))
}

// newMACs keeps HMACs whose key is worked in already.
func newMACs(key []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
}
