package config

import (
	"maps"
	"slices"

	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/oidc"
	"github.com/fedbridge/fedbridge/idp/saml"
)

// kinds makes an empty Config of each kind of provider. A new kind is one line here.
var kinds = map[idp.Kind]func() Provider{
	idp.KindOIDC: func() Provider { c := &oidc.Config{}; return Provider{c, &c.Common} },
	idp.KindSAML: func() Provider { c := &saml.Config{}; return Provider{c, &c.Common} },
}

func kindNames() []string {
	var names []string
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		names = append(names, string(k))
	}
	return names
}
