package mint

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // of RSA-OAEP, as XML Encryption names it: no collision matters there
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/fedbridge/fedbridge/bridge"
)

// The one way that assertions are encrypted: AES-256-GCM (XML Encryption 1.1 §5.2.4) with its key by RSA-OAEP (§5.5.2),
// which IAM decrypts with the private key that was uploaded to the provider.
const (
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
	algAES256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	algOAEP      = nsEncryption + "rsa-oaep-mgf1p"
	algSHA1      = nsSignature + "sha1"

	contentKey = 32 // bytes
)

// sealFor gives what encrypts a role's assertions; nil where they go in clear. A role that wants encryption gets it or
// nothing.
func (m *Minter) sealFor(role bridge.Role) (func(assertion []byte) ([]byte, error), error) {
	name := role.Encryption.Certificate
	if name == "" {
		if role.Encryption.ProviderID != "" {
			return nil, unfit(role, "its SAML provider demands encryption, and there is no certificate for it")
		}
		return nil, nil
	}
	certificate := m.config.Encryption[name]
	if certificate == nil {
		return nil, unfit(role, "the certificate for its encryption is not loaded")
	}
	public, _ := certificate.PublicKey.(*rsa.PublicKey) // New saw to it
	return func(assertion []byte) ([]byte, error) {
		sealed, err := seal(public, assertion)
		if err != nil {
			return nil, bridge.Fail(bridge.CodeIssuerMint, fmt.Errorf("mint: encrypt for %s: %w", role.Key, err))
		}
		return sealed, nil
	}, nil
}

// seal turns an assertion into an EncryptedAssertion (SAML Core §2.3.4). It declares its own namespaces, so it can be read
// wherever it is put.
func seal(public *rsa.PublicKey, assertion []byte) ([]byte, error) {
	if public == nil {
		return nil, errors.New("no RSA key")
	}
	key := make([]byte, contentKey)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(assertion)+gcm.Overhead())
	rand.Read(iv)
	data := gcm.Seal(iv, iv, assertion, nil)
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, public, key, nil)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, base64.StdEncoding.EncodedLen(len(data))+2048)
	out = append(out, `<saml:EncryptedAssertion xmlns:saml="`+nsAssertion+`"><xenc:EncryptedData xmlns:xenc="`+nsEncryption+`" Type="`+nsEncryption+`Element">`+
		`<xenc:EncryptionMethod Algorithm="`+algAES256GCM+`"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="`+nsSignature+`"><xenc:EncryptedKey>`+
		`<xenc:EncryptionMethod Algorithm="`+algOAEP+`"><ds:DigestMethod Algorithm="`+algSHA1+`"></ds:DigestMethod></xenc:EncryptionMethod>`...)
	out = appendCipher(out, wrapped)
	out = appendCipher(append(out, `</xenc:EncryptedKey></ds:KeyInfo>`...), data)
	return append(out, `</xenc:EncryptedData></saml:EncryptedAssertion>`...), nil
}

func appendCipher(out, value []byte) []byte {
	out = base64.StdEncoding.AppendEncode(append(out, `<xenc:CipherData><xenc:CipherValue>`...), value)
	return append(out, `</xenc:CipherValue></xenc:CipherData>`...)
}
