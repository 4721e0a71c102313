package idptest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"

	"github.com/beevik/etree"
)

// Cipher is a block encryption algorithm (XML Encryption §5.2).
type Cipher string

// The ciphers that identity providers use.
const (
	CipherNone   Cipher = "" // assertions are not encrypted
	CipherCBC128 Cipher = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	CipherCBC256 Cipher = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	CipherGCM128 Cipher = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	CipherGCM256 Cipher = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
)

// Transport is how the content key is wrapped (XML Encryption §5.5).
type Transport string

// The key transports. PKCS #1 v1.5 is not offered: it must not be used.
const (
	TransportOAEPSHA1   Transport = ""       // rsa-oaep-mgf1p: digest and mask by SHA-1, the usual one
	TransportOAEPSHA256 Transport = "sha256" // xmlenc11 rsa-oaep: digest and mask by SHA-256
	// TransportOAEPMixed is rsa-oaep-mgf1p with a SHA-256 digest; its mask stays SHA-1 by definition (§5.5.2).
	TransportOAEPMixed Transport = "sha256-mgf1sha1"
)

// Encryption says how assertions are encrypted. The zero value leaves them in clear.
type Encryption struct {
	Cipher    Cipher
	Transport Transport
	// KeyBeside puts the EncryptedKey beside EncryptedData, as some providers do, instead of into its KeyInfo.
	KeyBeside bool
}

var cipherKeySize = map[Cipher]int{CipherCBC128: 16, CipherCBC256: 32, CipherGCM128: 16, CipherGCM256: 32}

func (e Encryption) check() error {
	if e.Cipher != CipherNone && cipherKeySize[e.Cipher] == 0 {
		return fmt.Errorf("idptest: %q is not a cipher", e.Cipher)
	}
	if e.Transport != TransportOAEPSHA1 && e.Transport != TransportOAEPSHA256 && e.Transport != TransportOAEPMixed {
		return fmt.Errorf("idptest: %q is not a key transport", e.Transport)
	}
	return nil
}

// encryptAll replaces the response's assertions by encrypted ones (SAML Core §2.3.4).
func (e Encryption) encryptAll(doc *etree.Document, sp SP) error {
	if e.Cipher == CipherNone {
		return nil
	}
	for _, assertion := range doc.Root().SelectElements("Assertion") {
		encrypted, err := e.Encrypt(assertion, sp)
		if err != nil {
			return err
		}
		at := assertion.Index()
		doc.Root().RemoveChild(assertion)
		doc.Root().InsertChildAt(at, encrypted)
	}
	return nil
}

// Encrypt makes an EncryptedAssertion of an element for a service provider.
func (e Encryption) Encrypt(el *etree.Element, sp SP) (*etree.Element, error) {
	if sp.EncryptionCertificate == nil {
		return nil, fmt.Errorf("idptest: %s has no encryption certificate", sp.EntityID)
	}
	public, ok := sp.EncryptionCertificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("idptest: encryption for %s: not an RSA key", sp.EntityID)
	}
	plain, err := etree.NewDocumentWithRoot(el.Copy()).WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("idptest: encrypt: %w", err)
	}
	key := make([]byte, cipherKeySize[e.Cipher])
	rand.Read(key)
	data, err := e.seal(key, plain)
	if err != nil {
		return nil, fmt.Errorf("idptest: encrypt: %w", err)
	}
	wrapped, err := e.wrapKey(public, key)
	if err != nil {
		return nil, fmt.Errorf("idptest: encrypt: %w", err)
	}
	return e.element(data, wrapped), nil
}

// seal is XML Encryption §5.2.2 (CBC with its padding) or §5.2.4 (GCM with a 96-bit IV and a 128-bit tag).
func (e Encryption) seal(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if e.Cipher == CipherGCM128 || e.Cipher == CipherGCM256 {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		iv := make([]byte, gcm.NonceSize())
		rand.Read(iv)
		return gcm.Seal(iv, iv, plain, nil), nil
	}
	iv := make([]byte, aes.BlockSize)
	rand.Read(iv)
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(bytes.Clone(plain), make([]byte, pad)...)
	padded[len(padded)-1] = byte(pad) // the bytes before are arbitrary (§5.2)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return append(iv, padded...), nil
}

// wrapKey is XML Encryption §5.5.2.
func (e Encryption) wrapKey(public *rsa.PublicKey, key []byte) ([]byte, error) {
	options := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	if e.Transport != TransportOAEPSHA1 {
		options.Hash = crypto.SHA256
	}
	if e.Transport == TransportOAEPSHA256 {
		options.MGFHash = crypto.SHA256
	}
	return rsa.EncryptOAEPWithOptions(rand.Reader, public, key, options)
}

func (e Encryption) element(data, wrapped []byte) *etree.Element {
	outer := etree.NewElement("saml:EncryptedAssertion")
	outer.CreateAttr("xmlns:saml", nsAssertion)
	encrypted := outer.CreateElement("xenc:EncryptedData")
	encrypted.CreateAttr("xmlns:xenc", nsEncrypt)
	encrypted.CreateAttr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
	encrypted.CreateElement("xenc:EncryptionMethod").CreateAttr("Algorithm", string(e.Cipher))
	info := encrypted.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	key := etree.NewElement("xenc:EncryptedKey")
	key.CreateAttr("xmlns:xenc", nsEncrypt)
	if e.KeyBeside {
		id := newID()
		key.CreateAttr("Id", id)
		retrieval := info.CreateElement("ds:RetrievalMethod")
		retrieval.CreateAttr("Type", "http://www.w3.org/2001/04/xmlenc#EncryptedKey")
		retrieval.CreateAttr("URI", "#"+id)
		outer.AddChild(key)
	} else {
		info.AddChild(key)
	}
	e.keyMethod(key.CreateElement("xenc:EncryptionMethod"))
	cipherValue(key, wrapped)
	cipherValue(encrypted, data)
	return outer
}

func (e Encryption) keyMethod(method *etree.Element) {
	digest := func(algorithm string) {
		el := method.CreateElement("ds:DigestMethod")
		el.CreateAttr("xmlns:ds", nsSignature)
		el.CreateAttr("Algorithm", algorithm)
	}
	switch e.Transport {
	case TransportOAEPSHA256:
		method.CreateAttr("Algorithm", "http://www.w3.org/2009/xmlenc11#rsa-oaep")
		digest(digestURI[crypto.SHA256])
		mask := method.CreateElement("xenc11:MGF")
		mask.CreateAttr("xmlns:xenc11", "http://www.w3.org/2009/xmlenc11#")
		mask.CreateAttr("Algorithm", "http://www.w3.org/2009/xmlenc11#mgf1sha256")
	case TransportOAEPMixed:
		method.CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p")
		digest(digestURI[crypto.SHA256])
	default:
		method.CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p")
		digest(digestURI[crypto.SHA1])
	}
}

func cipherValue(parent *etree.Element, value []byte) {
	parent.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").
		SetText(base64.StdEncoding.EncodeToString(value))
}
