package config

import (
	"slices"

	"github.com/fedbridge/fedbridge/bridge"
)

// Operator tells whether a person sees the operator pages: exact names, of the provider that vouches for the groups.
func (f *File) Operator(id bridge.Identity) bool {
	return slices.ContainsFunc(f.Operators, func(o Operators) bool {
		return o.Provider != "" && o.Provider == id.Provider && slices.ContainsFunc(o.Groups, func(group string) bool {
			return slices.Contains(id.Groups, group)
		})
	})
}
