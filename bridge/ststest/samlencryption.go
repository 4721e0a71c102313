package ststest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"
)

const (
	xenc   = "http://www.w3.org/2001/04/xmlenc#"
	xenc11 = "http://www.w3.org/2009/xmlenc11#"
)

// contentCiphers are what AWS names: AES-GCM and AES-CBC (aws-facts 2.6), by the length of their keys.
var contentCiphers = map[string]struct {
	size int
	cbc  bool
}{
	xenc11 + "aes128-gcm": {size: 16}, xenc11 + "aes256-gcm": {size: 32},
	xenc + "aes128-cbc": {size: 16, cbc: true}, xenc + "aes256-cbc": {size: 32, cbc: true},
}

var oaepHashes = map[string]crypto.Hash{
	"":         crypto.SHA1, // the default of both identifiers (XML Encryption 1.1 §5.5.2)
	sha1Digest: crypto.SHA1, digestMethods[0]: crypto.SHA256,
	xenc11 + "mgf1sha1": crypto.SHA1, xenc11 + "mgf1sha256": crypto.SHA256,
}

// assertionOf finds the one assertion of a response; one that came encrypted is decrypted. A provider without private
// keys can't read that, and one whose AssertionEncryptionMode is Required takes nothing else (aws-facts 2.6).
func (p *samlProvider) assertionOf(root *etree.Element) (*etree.Element, error) {
	plain, sealed := children(root, saml2, "Assertion"), children(root, saml2, "EncryptedAssertion")
	if descendants(root, "Assertion")+descendants(root, "EncryptedAssertion") != 1 || len(plain)+len(sealed) != 1 {
		return nil, errXML
	}
	if len(plain) == 1 {
		if p.Encryption == "Required" {
			return nil, errXML
		}
		return plain[0], nil
	}
	return p.decrypt(sealed[0])
}

// decrypt gives the assertion inside of an EncryptedAssertion (SAML Core §2.3.4), read from its start as a document of its
// own: it can't borrow anything of what it came in.
func (p *samlProvider) decrypt(e *etree.Element) (*etree.Element, error) {
	data, err := child(e, xenc, "EncryptedData")
	if err != nil || data == nil {
		return nil, errXML
	}
	wrapped := encryptedKey(e, data)
	if wrapped == nil {
		return nil, errXML
	}
	for _, key := range p.keys {
		text, ok := openWith(key, wrapped, data)
		if !ok {
			continue
		}
		document, err := parseSAML(text)
		if err != nil {
			return nil, errXML
		}
		root := document.Root()
		if root.Tag != "Assertion" || root.NamespaceURI() != saml2 || descendants(root, "Assertion")+descendants(root, "EncryptedAssertion") > 0 {
			return nil, errXML
		}
		return root, nil
	}
	return nil, errXML
}

// encryptedKey finds the one EncryptedKey: in EncryptedData's KeyInfo, or beside it.
func encryptedKey(e, data *etree.Element) *etree.Element {
	found := children(e, xenc, "EncryptedKey")
	if info, err := child(data, dsigs, "KeyInfo"); err == nil && info != nil {
		found = append(found, children(info, xenc, "EncryptedKey")...)
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// openWith unwraps the content key with RSA-OAEP and decrypts. PKCS #1 v1.5 is not taken.
func openWith(key *rsa.PrivateKey, wrapped, data *etree.Element) ([]byte, bool) {
	transport, err1 := child(wrapped, xenc, "EncryptionMethod")
	content, err2 := child(data, xenc, "EncryptionMethod")
	if err1 != nil || err2 != nil || transport == nil || content == nil {
		return nil, false
	}
	digest, ok1 := oaepHashes[algorithm(transport, "DigestMethod")]
	mask, ok2 := crypto.SHA1, true
	switch attribute(transport, "Algorithm") {
	case xenc + "rsa-oaep-mgf1p": // the mask is SHA-1 by definition
	case xenc11 + "rsa-oaep":
		for _, m := range children(transport, xenc11, "MGF") {
			mask, ok2 = oaepHashes[attribute(m, "Algorithm")]
		}
	default:
		ok1 = false
	}
	cipherOf, ok3 := contentCiphers[attribute(content, "Algorithm")]
	sealedKey, ok4 := cipherValue(wrapped)
	sealed, ok5 := cipherValue(data)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return nil, false
	}
	secret, err := key.Decrypt(rand.Reader, sealedKey, &rsa.OAEPOptions{Hash: digest, MGFHash: mask})
	if err != nil || len(secret) != cipherOf.size {
		return nil, false
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, false
	}
	if cipherOf.cbc {
		return openCBC(block, sealed)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(sealed) < gcm.NonceSize() {
		return nil, false
	}
	text, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	return text, err == nil
}

// openCBC: the last byte counts the padding (XML Encryption 1.1 §5.2.1).
func openCBC(block cipher.Block, sealed []byte) ([]byte, bool) {
	size := block.BlockSize()
	if len(sealed) < 2*size || len(sealed)%size != 0 {
		return nil, false
	}
	text := make([]byte, len(sealed)-size)
	cipher.NewCBCDecrypter(block, sealed[:size]).CryptBlocks(text, sealed[size:])
	padding := int(text[len(text)-1])
	if padding < 1 || padding > size {
		return nil, false
	}
	return text[:len(text)-padding], true
}

func cipherValue(e *etree.Element) ([]byte, bool) {
	data, err := child(e, xenc, "CipherData")
	if err != nil || data == nil {
		return nil, false
	}
	value, err := child(data, xenc, "CipherValue")
	if err != nil || value == nil {
		return nil, false
	}
	text, ok := textOf(value)
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	return raw, ok && err == nil
}
