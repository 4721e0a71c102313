package portal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/fedbridge/fedbridge/bridge/store"
)

// secret is 256 random bits that only their bearer has: a cookie. The store knows its SHA-256, and things sealed under
// keys derived from it.
type secret [32]byte

func newSecret() secret {
	var s secret
	rand.Read(s[:]) // never fails (crypto/rand, Go 1.24)
	return s
}

// cookieText is strict: one spelling each, so that a cookie has no twin with other unused bits (threat O22 for cookies).
var cookieText = base64.RawURLEncoding.Strict()

func (s secret) text() string { return cookieText.EncodeToString(s[:]) }

func parseSecret(text string) (secret, bool) {
	var s secret
	if len(text) != cookieText.EncodedLen(len(s)) {
		return secret{}, false
	}
	n, err := cookieText.Decode(s[:], []byte(text))
	return s, err == nil && n == len(s)
}

// hash is the key of the row.
func (s secret) hash() store.Hash { return sha256.Sum256(s[:]) }

// purpose binds a key and a ciphertext to one use, so that nothing sealed for one is opened as another (threat W5). The
// number counts the format.
type purpose string

const (
	purposeLogin    purpose = "fedbridge pending sign-in 1"
	purposeConfirm  purpose = "fedbridge sign-in to confirm 1"
	purposeKey      purpose = "fedbridge session key 1"
	purposeIdentity purpose = "fedbridge session identity 1"
	purposeProof    purpose = "fedbridge session proof 1"
)

// key derives a sealing key from the secret (RFC 5869). The secret is uniform, so it needs no salt.
func (s secret) key(p purpose) ([]byte, error) {
	return hkdf.Key(sha256.New, s[:], nil, string(p), 32)
}

// seal encrypts with AES-256-GCM. The purpose and the row are authenticated with it: a ciphertext moved to another row, or
// read as another thing, doesn't open.
func seal(key []byte, p purpose, row store.Hash, plain []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, aad(p, row)), nil
}

func open(key []byte, p purpose, row store.Hash, sealed []byte) ([]byte, error) {
	aead, err := gcm(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, sealed, aad(p, row))
	if err != nil {
		return nil, errors.New("sealed row does not open")
	}
	return plain, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func aad(p purpose, row store.Hash) []byte { return append([]byte(p), row[:]...) }

// sealJSON seals a value under a key that is derived from the bearer's secret.
func sealJSON(s secret, p purpose, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	key, err := s.key(p)
	if err != nil {
		return nil, err
	}
	return seal(key, p, s.hash(), plain)
}

func openJSON(s secret, p purpose, sealed []byte, value any) error {
	key, err := s.key(p)
	if err != nil {
		return err
	}
	plain, err := open(key, p, s.hash(), sealed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, value)
}
