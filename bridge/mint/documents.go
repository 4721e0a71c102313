package mint

import (
	"encoding/json"
	"maps"
	"slices"
)

// Paths of the documents below the issuer URL. That of the metadata is metadataPath.
const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/jwks"
)

// Documents are what AWS reads about the issuer, ready to be served. They depend on the configuration and on the shared
// record alone: every node has the same bytes.
type Documents struct {
	Discovery []byte // ISSUER/.well-known/openid-configuration, application/json (OpenID Connect Discovery §4)
	JWKS      []byte // ISSUER/jwks, application/json (RFC 7517); nil where there is no key yet
	Metadata  []byte // ISSUER/saml/metadata, application/samlmetadata+xml (SAML Metadata §2); nil without SAML keys
}

// discovery is the provider's metadata (OpenID Connect Discovery §3). AWS needs the first five; nobody can sign in here by
// OIDC, so there is no authorization endpoint to name.
type discovery struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Scopes        []string `json:"scopes_supported"`
	Claims        []string `json:"claims_supported"`
}

type keySet struct {
	Keys []jwk `json:"keys"`
}

// documentsOf writes what a record publishes. algorithm is named where no key is there to do so.
func documentsOf(r *record, issuer, signIn, algorithm string) (Documents, error) {
	var out Documents
	var set keySet
	algorithms := map[string]bool{}
	for _, e := range r.published(UseToken) {
		set.Keys = append(set.Keys, e.jwk)
		algorithms[e.Algorithm] = true
	}
	if len(set.Keys) == 0 {
		algorithms[algorithm] = true
	} else {
		var err error
		if out.JWKS, err = encodeDocument(set); err != nil {
			return out, err
		}
	}
	var err error
	out.Discovery, err = encodeDocument(discovery{
		Issuer: issuer, JWKSURI: issuer + jwksPath, ResponseTypes: []string{"id_token"}, SubjectTypes: []string{"public"},
		Algorithms: slices.Sorted(maps.Keys(algorithms)), Scopes: []string{"openid"},
		Claims: []string{"iss", "sub", "aud", "iat", "nbf", "exp", "jti", claimTags, claimSourceIdentity, claimRoles},
	})
	if saml := r.published(UseSAML); err == nil && len(saml) > 0 {
		out.Metadata = metadataOf(issuer+metadataPath, signIn, saml)
	}
	return out, err
}

func encodeDocument(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}
