package ststest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// maxToken is the size of a session token, in bytes, beyond which STS answers PackedPolicyTooLarge (aws-facts 1.3).
const maxToken = 4096

// sealer turns sessions into tokens and back. A session lives in its token, sealed with a key of this AWS, so an AWS
// that issues a million of them grows no memory; the secret key follows from the access key id.
type sealer struct {
	aead   cipher.AEAD
	secret []byte
}

func newSealer() *sealer {
	key := make([]byte, 64)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &sealer{aead, key[32:]}
}

// seal makes a token of at least min bytes, bound to the access key.
func (s *sealer) seal(keyID string, fields []string, min int) string {
	plain := encodeFields(fields)
	// The first field is room to fill, so that base64 of nonce, text and tag reaches min, and no more.
	need := (min*3+3)/4 - s.aead.NonceSize() - s.aead.Overhead()
	for pad := need - len(plain) - 2; len(plain) < need; pad++ {
		plain = encodeFields(append([]string{strings.Repeat("\x00", max(pad, 0))}, fields[1:]...))
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(keyID)))
}

func (s *sealer) open(keyID, token string) ([]string, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return nil, errors.New("not a token")
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], []byte(keyID))
	if err != nil {
		return nil, err
	}
	return decodeFields(plain)
}

// secretOf is the secret access key that belongs to a temporary key: 40 characters, as AWS's.
func (s *sealer) secretOf(keyID string) string {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(keyID))
	return base64.StdEncoding.EncodeToString(h.Sum(nil)[:30])
}

func encodeFields(fields []string) []byte {
	var out []byte
	for _, f := range fields {
		out = binary.AppendUvarint(out, uint64(len(f)))
		out = append(out, f...)
	}
	return out
}

func decodeFields(raw []byte) ([]string, error) {
	var out []string
	for len(raw) > 0 {
		n, size := binary.Uvarint(raw)
		if size <= 0 || uint64(len(raw)-size) < n {
			return nil, errors.New("cut short")
		}
		out = append(out, string(raw[size:size+int(n)]))
		raw = raw[size+int(n):]
	}
	return out, nil
}

// randomID makes a unique id or key id: a prefix and sixteen of A-Z 2-7 (aws-facts 0.3).
func randomID(prefix string) string {
	var b [10]byte
	_, _ = rand.Read(b[:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])
}

func randomSecret() string {
	var b [30]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}
