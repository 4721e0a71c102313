package idptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // SHA1Signature
	"crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"fmt"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	algExcC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// method is how an element is signed.
type method struct {
	pair    *Pair
	hash    crypto.Hash
	keyInfo bool
	hmac    bool // HMACSignature
	twice   bool // TwoReferences
}

var signatureURI = map[crypto.Hash]string{
	crypto.SHA1:   "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
	crypto.SHA256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
	crypto.SHA384: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
	crypto.SHA512: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
}

var digestURI = map[crypto.Hash]string{
	crypto.SHA1:   "http://www.w3.org/2000/09/xmldsig#sha1",
	crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
	crypto.SHA384: "http://www.w3.org/2001/04/xmldsig-more#sha384",
	crypto.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}

func (m method) uri() string {
	if m.hmac {
		return "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
	}
	if _, ok := m.pair.Key.(*ecdsa.PrivateKey); ok {
		if m.hash == crypto.SHA1 {
			return "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
		}
		return "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha" + fmt.Sprint(m.hash.Size()*8)
	}
	return signatureURI[m.hash]
}

// sign puts an enveloped signature into an element, after its Issuer (SAML Core §5.4; the schemas want it there).
func (m method) sign(el *etree.Element) error {
	signature, err := m.signature(el)
	if err != nil {
		return fmt.Errorf("idptest: sign: %w", err)
	}
	at := 0
	if issuer := el.SelectElement("Issuer"); issuer != nil {
		at = issuer.Index() + 1
	}
	el.InsertChildAt(at, signature)
	return nil
}

// signature is XML Signature §3.1 with one Reference to the element's ID.
func (m method) signature(el *etree.Element) (*etree.Element, error) {
	digest, err := canonicalHash(el, m.hash)
	if err != nil {
		return nil, err
	}
	signature := etree.NewElement("ds:Signature")
	signature.CreateAttr("xmlns:ds", nsSignature)
	info := signature.CreateElement("ds:SignedInfo")
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", algExcC14N)
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", m.uri())
	m.reference(info, el.SelectAttrValue("ID", ""), digest)
	if m.twice {
		m.reference(info, el.SelectAttrValue("ID", ""), digest)
	}
	value, err := m.value(info)
	if err != nil {
		return nil, err
	}
	signature.CreateElement("ds:SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	if m.keyInfo {
		cert := signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate")
		cert.SetText(base64.StdEncoding.EncodeToString(m.pair.Certificate.Raw))
	}
	return signature, nil
}

func (m method) reference(info *etree.Element, id string, digest []byte) {
	reference := info.CreateElement("ds:Reference")
	reference.CreateAttr("URI", "#"+id)
	transforms := reference.CreateElement("ds:Transforms")
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", algEnveloped)
	transforms.CreateElement("ds:Transform").CreateAttr("Algorithm", algExcC14N)
	reference.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", digestURI[m.hash])
	reference.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(digest))
}

// value signs SignedInfo in canonical form, the namespace declared on itself as exclusive canonicalisation renders it.
func (m method) value(info *etree.Element) ([]byte, error) {
	alone := info.Copy()
	alone.CreateAttr("xmlns:ds", nsSignature)
	if m.hmac {
		text, err := canonical(alone)
		if err != nil {
			return nil, err
		}
		mac := hmac.New(sha256.New, m.pair.Certificate.Raw)
		mac.Write(text)
		return mac.Sum(nil), nil
	}
	sum, err := canonicalHash(alone, m.hash)
	if err != nil {
		return nil, err
	}
	switch key := m.pair.Key.(type) {
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(rand.Reader, key, m.hash, sum)
	case *ecdsa.PrivateKey:
		return signECDSA(key, sum)
	}
	return nil, fmt.Errorf("no signature by %T", m.pair.Key)
}

// canonical is exclusive canonicalisation without comments. The element must declare what it uses.
func canonical(el *etree.Element) ([]byte, error) {
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(el.Copy())
}

func canonicalHash(el *etree.Element, hash crypto.Hash) ([]byte, error) {
	text, err := canonical(el)
	if err != nil {
		return nil, err
	}
	digest := hash.New()
	digest.Write(text)
	return digest.Sum(nil), nil
}

// Sign signs an element by the provider's current key, as it signs its answers: for tests that build documents of their
// own. The element must have an ID and declare the namespaces that it uses.
func (s *SAML) Sign(el *etree.Element) error {
	current, _ := s.Keys()
	return method{pair: current, hash: crypto.SHA256, keyInfo: true}.sign(el)
}
