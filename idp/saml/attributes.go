package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
)

// attributes are what the provider says about the person.
type attributes struct {
	claims  bridge.Claims
	skipped []string // names of attributes with values that aren't text
}

// readAttributes reads all attribute statements. The Name is the name, byte for byte; FriendlyName is a comment and
// NameFormat says nothing about the value (threat P19). A value that holds elements, as eduPersonTargetedID does, is
// skipped and named (threat S5); an encrypted attribute likewise.
func readAttributes(a *etree.Element) (attributes, error) {
	out := attributes{claims: bridge.Claims{}}
	for _, statement := range children(a, nsAssertion, "AttributeStatement") {
		for child := range statement.ChildElementsSeq() {
			switch {
			case is(child, nsAssertion, "Attribute"):
				if err := out.add(child); err != nil {
					return out, err
				}
			case is(child, nsAssertion, "EncryptedAttribute"):
				out.skip("EncryptedAttribute")
			default:
				return out, fmt.Errorf("element %s in AttributeStatement", child.Tag)
			}
		}
	}
	return out, nil
}

func (out *attributes) add(el *etree.Element) error {
	name, _ := attribute(el, "Name")
	if name == "" {
		return fmt.Errorf("an attribute without a name")
	}
	// An attribute may come without values, and come again: SAML Core §2.7.3.1 leaves both open.
	values := out.claims[name]
	for child := range el.ChildElementsSeq() {
		if !is(child, nsAssertion, "AttributeValue") {
			return fmt.Errorf("element %s in an attribute", child.Tag)
		}
		value, err := text(child)
		if err != nil {
			out.skip(name)
			continue
		}
		values = append(values, value)
	}
	if len(values) > 0 {
		out.claims[name] = values
	}
	return nil
}

func (out *attributes) skip(name string) {
	if !slices.Contains(out.skipped, name) {
		out.skipped = append(out.skipped, name)
	}
}

// single is the value of a claim that has one. Of several none is taken, since nothing says which.
func (out *attributes) single(name string) string {
	values := out.claims[name]
	switch {
	case name == "" || len(values) == 0:
		return ""
	case len(values) > 1:
		out.skip(name)
		return ""
	}
	return values[0]
}

// groups reads the mapped claim: its values as they are, or cut at a separator that the operator named.
func (out *attributes) groups(claim GroupsClaim) []string {
	if claim.Claim == "" {
		return nil
	}
	if claim.Separator == "" {
		return slices.Clone(out.claims[claim.Claim])
	}
	var groups []string
	for _, value := range out.claims[claim.Claim] {
		for part := range strings.SplitSeq(value, claim.Separator) {
			if part != "" {
				groups = append(groups, part)
			}
		}
	}
	return groups
}

// groupsLink is what Entra sends instead of the groups of a person who is in more than 150.
const groupsLink = "http://schemas.microsoft.com/claims/groups.link"

// overage refuses groups that the provider left out: rules that deny by group would not see them (threat O26). The place
// that it names instead is never asked.
func (c *Config) overage(attrs attributes) error {
	groups := c.Claims.Groups.Claim
	if _, left := attrs.claims[groupsLink]; left && groups != "" && len(attrs.claims[groups]) == 0 {
		return bridge.Fail(bridge.CodeGroupOverage, errors.New("saml: groups.link instead of "+groups))
	}
	return nil
}
