package oidc

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// protocolClaims are what the protocol itself reads. They come from the ID token alone, never from UserInfo, and can't
// be mapped.
var protocolClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "auth_time", "at_hash", "c_hash", "s_hash", "acr", "amr",
	"sid", "tid", "hd", "events", "_claim_names", "_claim_sources", "hasgroups", "email_verified",
}

// personalClaims are read about the person, beside those that the configuration maps.
var personalClaims = []string{"email", "name", "preferred_username", "upn", "groups"}

// mechanical are protocol claims that say nothing about a person and change with every sign-in; rules don't see them.
var mechanical = []string{"exp", "nbf", "iat", "jti", "nonce", "at_hash", "c_hash", "s_hash", "_claim_names", "_claim_sources"}

// headerNames are the header parameters that are read, or that refuse a token (RFC 7515 §4.1, RFC 7797).
var headerNames = newNameSet([]string{"alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "zip", "enc"})

// nameSet are names that are read, by their folded form: a member whose name only folds to one of them is refused,
// because another reader would take it for the real one (threat O20).
type nameSet map[string]string

func newNameSet(lists ...[]string) nameSet {
	set := nameSet{}
	for _, name := range slices.Concat(lists...) {
		set[fold(name)] = name
	}
	return set
}

// twin tells whether name is a look-alike of a name that is read.
func (n nameSet) twin(name string) bool {
	real, ok := n[fold(name)]
	return ok && real != name
}

// claimSet is what a token or UserInfo asserts.
type claimSet []member

// decodeClaims reads claims strictly. Names of the set may appear in no other spelling.
func decodeClaims(payload string, names nameSet) (claimSet, error) {
	members, err := decodeObject(payload)
	if err != nil {
		if twice, ok := errors.AsType[*duplicateError](err); ok {
			return nil, claimFault(twice.name, "%w", err)
		}
		return nil, bridge.Fail(bridge.CodeAnswerMalformed, fmt.Errorf("oidc: claims: %w", err))
	}
	for i := range members {
		if names.twin(members[i].name) {
			return nil, claimFault(members[i].name, "%s is a look-alike of a claim that is read", quote(members[i].name))
		}
	}
	return members, nil
}

// get finds a claim; a null is a claim that isn't there.
func (c claimSet) get(name string) (node, bool) {
	for i := range c {
		if c[i].name == name {
			return c[i].node, c[i].kind != kindNull
		}
	}
	return node{}, false
}

// has tells whether a member of this name is there, null or not.
func (c claimSet) has(name string) bool {
	return slices.ContainsFunc(c, func(m member) bool { return m.name == name })
}

// text gives a claim that must be a text if it is there; ok tells whether it is.
func (c claimSet) text(name string) (text string, ok bool, err error) {
	n, ok := c.get(name)
	if ok && n.kind != kindText {
		return "", false, claimFault(name, "%s is not a text", name)
	}
	return n.text, ok, nil
}

// flag is true only for true, or for Apple's "true" (threat O25).
func (c claimSet) flag(name string) bool {
	n, _ := c.get(name)
	return (n.kind == kindBool || n.kind == kindText) && n.text == "true"
}

// list gives a claim that must be a text or a list of texts if it is there.
func (c claimSet) list(name string) ([]string, error) {
	n, ok := c.get(name)
	switch {
	case !ok:
		return nil, nil
	case n.kind == kindText:
		return []string{n.text}, nil
	case n.kind == kindList && n.texts:
		return n.values, nil
	}
	return nil, claimFault(name, "%s is neither a text nor a list of texts", name)
}

// latest is the end of the year 9999, in seconds: no date is beyond it.
const latest = 253402300799

// time gives a claim that must be a NumericDate if it is there (RFC 7519 §2). Some providers write fractions; nobody
// writes exponents.
func (c claimSet) time(name string) (at time.Time, ok bool, err error) {
	n, ok := c.get(name)
	if !ok {
		return time.Time{}, false, nil
	}
	seconds, parseErr := strconv.ParseFloat(n.text, 64)
	if n.kind != kindNumber || strings.ContainsAny(n.text, "eE") || parseErr != nil || seconds < 1 || seconds > latest {
		return time.Time{}, false, claimFault(name, "%s is not a date", name)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, nil
}

// at follows a path of nested objects. A look-alike of a name on the path refuses it.
func (c claimSet) at(path []string) (node, bool, error) {
	here := node{kind: kindObject, members: c}
	for depth, name := range path {
		if here.kind != kindObject {
			return node{}, false, claimFault(strings.Join(path, "."), "%s is not in an object", quote(name))
		}
		// decodeClaims has looked at the outermost names.
		for i := range here.members {
			if found := here.members[i].name; depth > 0 && found != name && fold(found) == fold(name) {
				return node{}, false, claimFault(found, "a look-alike of %s", quote(name))
			}
		}
		next, ok := claimSet(here.members).get(name)
		if !ok {
			return node{}, false, nil
		}
		here = next
	}
	return here, true, nil
}

// flatten gives the claims as rules read them, and the names of those that can't be read as text.
func (c claimSet) flatten() (bridge.Claims, []string, error) {
	out := make(bridge.Claims, len(c))
	var skipped []string
	var walk func(prefix string, members []member) error
	walk = func(prefix string, members []member) error {
		for i := range members {
			m := &members[i]
			name := prefix + m.name
			if prefix == "" && slices.Contains(mechanical, name) {
				continue
			}
			if _, twice := out[name]; twice {
				// {"a.b": 1, "a": {"b": 2}}: two claims would share one name.
				return claimFault(name, "%s by two ways", quote(name))
			}
			switch m.kind {
			case kindText, kindNumber, kindBool:
				out[name] = []string{m.text}
			case kindList:
				out[name] = m.values
			case kindMixed:
				skipped = append(skipped, name)
			case kindObject:
				if err := walk(name+".", m.members); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := walk("", c); err != nil {
		return nil, nil, err
	}
	return out, skipped, nil
}
