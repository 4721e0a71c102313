package awsconsole

import (
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// SignIn gives the SAML endpoint of the role's sign-in host: see bridge.ConsoleLinker. A provider that demands encrypted
// assertions has an endpoint of its own (facts 2.1).
func (l *Linker) SignIn(role bridge.Role, to bridge.Destination) (url, relayState string, err error) {
	relayState, err = l.destination(role, to)
	if err != nil {
		return "", "", err
	}
	partition, _ := bridge.PartitionByID(role.ARN.Partition)
	url = strings.TrimSuffix(l.config.federation(role, partition), "/federation") + "/saml"
	if id := role.Encryption.ProviderID; id != "" {
		url += "/acs/" + id
	}
	return url, relayState, nil
}
