package saml

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
)

// unwrap recovers the content key. A key that can't be recovered, or has another length, is replaced by a random one: the
// work goes on as if nothing were wrong and fails where every forgery fails (threat S24).
func (d *decrypter) unwrap(sealed []byte, options *rsa.OAEPOptions, size int) []byte {
	key, err := d.key.Decrypt(rand.Reader, sealed, options)
	if err != nil || len(key) != size {
		key = make([]byte, size)
		rand.Read(key) // never fails (crypto/rand, Go 1.24)
	}
	return key
}

// open decrypts. It doesn't say what was wrong.
func (b blockCipher) open(key, sealed []byte) (plain []byte, ok bool) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	if b.cbc {
		return openCBC(block, sealed)
	}
	// XML Encryption 1.1 §5.2.4: a nonce of 12 bytes before, a tag of 16 behind.
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(sealed) < gcm.NonceSize()+gcm.Overhead() {
		return nil, false
	}
	plain, err = gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	return plain, err == nil
}

// openCBC: XML Encryption 1.1 §5.2.1. The last byte counts the padding, whose other bytes are arbitrary.
func openCBC(block cipher.Block, sealed []byte) (plain []byte, ok bool) {
	size := block.BlockSize()
	if len(sealed) < 2*size || len(sealed)%size != 0 {
		return nil, false
	}
	plain = make([]byte, len(sealed)-size)
	cipher.NewCBCDecrypter(block, sealed[:size]).CryptBlocks(plain, sealed[size:])
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > size {
		return nil, false
	}
	return plain[:len(plain)-padding], true
}
