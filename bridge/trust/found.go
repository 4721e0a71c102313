package trust

import "time"

// Reading says what became of the attempt to read something.
type Reading string

// What an attempt comes to. The zero value concludes nothing.
const (
	NotRead    Reading = ""           // nobody looked
	Read       Reading = "read"       // it is there, and this is it
	Missing    Reading = "missing"    // AWS says that there is none
	Unreadable Reading = "unreadable" // somebody looked and was refused, or got no answer: Why says it
)

// Found is what an account holds, from files or from IAM.
type Found struct {
	Role FoundRole
	OIDC FoundOIDC
	SAML FoundSAML
}

// FoundRole is an IAM role as it is.
type FoundRole struct {
	Reading Reading
	Why     string // for Unreadable
	// TrustPolicy is the document as JSON (IAM's answer percent-encodes it; this is decoded).
	TrustPolicy []byte
	// MaxSession is the role's MaxSessionDuration; zero where it wasn't read (a file holds the document alone).
	MaxSession time.Duration
}

// FoundOIDC is an IAM OIDC provider as it is.
type FoundOIDC struct {
	Reading   Reading
	Why       string
	URL       string // with or without https://: IAM answers without
	ClientIDs []string
}

// FoundSAML is an IAM SAML provider as it is.
type FoundSAML struct {
	Reading  Reading
	Why      string
	Metadata []byte // SAMLMetadataDocument
	// MetadataOnly tells that nothing but the metadata is known, from a file: then nothing is concluded from the rest.
	MetadataOnly bool
	ValidUntil   time.Time // zero where it wasn't said
	// EncryptionMode is AssertionEncryptionMode: Required, Allowed, or "" for none.
	EncryptionMode string
	UUID           string // SAMLProviderUUID
	PrivateKeys    int    // how many private keys it has for decryption
}
