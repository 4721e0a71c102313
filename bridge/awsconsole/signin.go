package awsconsole

import (
	"net/url"

	"github.com/fedbridge/fedbridge/bridge"
)

// SignIn gives the SAML endpoint of the role's sign-in host: see bridge.ConsoleLinker. A provider that demands encrypted
// assertions has an endpoint of its own (facts 2.1).
func (l *Linker) SignIn(role bridge.Role, to bridge.Destination) (endpoint, relayState string, err error) {
	relayState, err = l.destination(role, to)
	if err != nil {
		return "", "", err
	}
	partition, _ := bridge.PartitionByID(role.ARN.Partition)
	endpoint = l.config.signIn(role, partition) + "/saml"
	if id := role.Encryption.ProviderID; id != "" {
		endpoint += "/acs/" + url.PathEscape(id)
	}
	return endpoint, relayState, nil
}
