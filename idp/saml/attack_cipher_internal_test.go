package saml

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"testing"
)

// TestAttackWrappedKeys: whatever a wrapped key is, a key of the right length comes out of it, and the work goes on to the
// place where forgeries fail (threat S24).
func TestAttackWrappedKeys(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(plain []byte) []byte {
		sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &key.PublicKey, plain, nil)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	d := &decrypter{key: key}
	options := &rsa.OAEPOptions{Hash: crypto.SHA1}
	good := bytes.Repeat([]byte{7}, 32)
	if got := d.unwrap(wrap(good), options, 32); !bytes.Equal(got, good) {
		t.Fatal("a good key isn't unwrapped")
	}
	for name, sealed := range map[string][]byte{
		"nothing": nil, "short": {1, 2, 3}, "zero": make([]byte, 256), "more than the modulus": bytes.Repeat([]byte{0xff}, 256), "too long": make([]byte, 512),
		"a shorter key": wrap(good[:16]), "an empty key": wrap(nil), "a longer key": wrap(append(good, 0)),
	} {
		one, two := d.unwrap(sealed, options, 32), d.unwrap(sealed, options, 32)
		if len(one) != 32 || bytes.Equal(one, two) || bytes.HasPrefix(one, good[:16]) {
			t.Errorf("%s: %x, %x", name, one, two)
		}
	}
}

// TestAttackPadding: of all last bytes those from 1 to 16 are padding (XML Encryption 1.1 §5.2), and no length of ciphertext
// makes a panic.
func TestAttackPadding(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	for blocks := range 4 {
		for last := range 256 {
			plain := make([]byte, 16*blocks)
			if blocks > 0 {
				plain[len(plain)-1] = byte(last)
			}
			sealed := make([]byte, 16+len(plain))
			cipher.NewCBCEncrypter(block, sealed[:16]).CryptBlocks(sealed[16:], plain)
			got, ok := openCBC(block, sealed)
			if want := blocks > 0 && last >= 1 && last <= 16; ok != want || ok && len(got) != len(plain)-last {
				t.Errorf("%d blocks, last byte %d: %v, %d bytes", blocks, last, ok, len(got))
			}
		}
	}
	for length := range 64 {
		if _, ok := openCBC(block, make([]byte, length)); ok && length%16 != 0 {
			t.Errorf("%d bytes were opened", length)
		}
	}
}
