package policy

import (
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
)

// An atom is the smallest test: one value of one source, byte for byte. Atoms are the keys of the index, and can't fail.

// sourceKind says where in an identity the values of an atom come from.
type sourceKind uint8

const (
	fromProvider sourceKind = iota
	fromIssuer
	fromSubject
	fromFormat
	fromEmail
	fromName
	fromACR
	fromGroups
	fromAMR
	fromClaim
)

// scalarSources are the fields of identity, as CEL calls them, that have one value.
var scalarSources = map[string]sourceKind{
	"provider": fromProvider, "issuer": fromIssuer, "subject": fromSubject, "format": fromFormat,
	"email": fromEmail, "name": fromName, "acr": fromACR,
}

// listSources are those that have many.
var listSources = map[string]sourceKind{"groups": fromGroups, "amr": fromAMR}

// source is a kind, and the name of the claim for fromClaim.
type source struct {
	kind  sourceKind
	claim string
}

// lookup is one source that some rule asks about: value -> atom.
type lookup struct {
	source
	atoms map[string]int32
}

// scalar is the value of a source that has exactly one.
func (s source) scalar(id *bridge.Identity) string {
	switch s.kind {
	case fromProvider:
		return id.Provider
	case fromIssuer:
		return id.Issuer
	case fromSubject:
		return id.Subject
	case fromFormat:
		return id.Format
	case fromEmail:
		return id.Email
	case fromName:
		return id.Name
	case fromACR:
		return id.ACR
	}
	return ""
}

// list gives the values of a source that has many; ok is false for a scalar one.
func (s source) list(id *bridge.Identity) (values []string, ok bool) {
	switch s.kind {
	case fromGroups:
		return id.Groups, true
	case fromAMR:
		return id.AMR, true
	case fromClaim:
		return id.Claims[s.claim], true
	}
	return nil, false
}

// atom is a source (its place in Policy.lookups) and a value.
type atom struct {
	lookup int32
	value  string
}

// atomTable interns atoms while rules are compiled.
type atomTable struct {
	lookups []lookup
	bySrc   map[source]int32
	atoms   []atom
	uses    []int32 // how many rules ask for an atom: the rarest one indexes a rule
}

func newAtomTable() atomTable { return atomTable{bySrc: map[source]int32{}} }

func (t *atomTable) intern(s source, value string) int32 {
	at, ok := t.bySrc[s]
	if !ok {
		at = int32(len(t.lookups))
		t.bySrc[s] = at
		t.lookups = append(t.lookups, lookup{s, map[string]int32{}})
	}
	id, ok := t.lookups[at].atoms[value]
	if !ok {
		id = int32(len(t.atoms))
		t.lookups[at].atoms[value] = id
		t.atoms = append(t.atoms, atom{at, value})
		t.uses = append(t.uses, 0)
	}
	return id
}

func (t *atomTable) internAll(s source, values []string) []int32 {
	ids := make([]int32, 0, len(values))
	for _, v := range values {
		if id := t.intern(s, v); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
