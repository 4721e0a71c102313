package mint

// Documents are what AWS reads about the issuer, ready to be served. They depend on the configuration and on the shared
// record alone: every node has the same bytes.
type Documents struct {
	Discovery []byte // ISSUER/.well-known/openid-configuration, application/json (OpenID Connect Discovery §4)
	JWKS      []byte // ISSUER/jwks, application/json (RFC 7517)
	Metadata  []byte // ISSUER/saml/metadata, application/samlmetadata+xml (SAML Metadata §2); nil without SAML keys
}
