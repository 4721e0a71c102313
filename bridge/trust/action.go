package trust

import (
	"fmt"
	"strings"
)

func parseActions(where string, n node) ([]string, error) {
	actions, err := n.list(where, text)
	if err != nil {
		return nil, err
	}
	for i, action := range actions {
		service, name, ok := strings.Cut(action, ":")
		if action != "*" && (!ok || service == "" || name == "") {
			return nil, fmt.Errorf("trust: %s: %q is not an action: service:Name", where, action)
		}
		actions[i] = lower(action) // IAM JSON policy elements, Action: names are case-insensitive
	}
	return actions, nil
}

// matchAction compares a pattern with an action, both in lower case. IAM documents wildcards in the name and for
// everything, none in a part of the service.
func matchAction(pattern, action string) truth {
	if !Match(pattern, action) {
		return no
	}
	if colon := strings.IndexByte(pattern, ':'); colon >= 0 && pattern != "*:*" && strings.ContainsAny(pattern[:colon], "*?") {
		return maybe
	}
	return yes
}
